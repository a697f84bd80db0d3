function o(r,s,i){let t=[];for(let e of r.split(" ")){let n=t[t.length-1];n!==void 0&&i(`${n} ${e}`)<=s?t[t.length-1]=`${n} ${e}`:t.push(e)}return t}export{o as a};
