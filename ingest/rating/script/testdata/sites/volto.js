// A form as Volto's: no event, and drawn anew at each change, so that no element stays.
(() => {
  const answers = {
    negative: ["A volte le indicazioni non erano chiare", "A volte le indicazioni non erano complete", "A volte non capivo se stavo procedendo correttamente", "Ho avuto problemi tecnici", "Altro"],
    positive: ["Le indicazioni erano chiare", "Le indicazioni erano complete", "Capivo sempre che stavo procedendo correttamente", "Non ho avuto problemi tecnici", "Altro"],
  };
  const place = document.querySelector("#volto");
  let state = { vote: 0, answer: null, comment: "", step: 0, trap: "" };
  const shown = (on) => (on ? "" : ' class="off"');
  const branch = (name, on) => `<fieldset data-element="feedback-rating-${name}"${shown(on)}><legend data-element="feedback-rating-question">${name === "positive" ? "Quali sono stati gli aspetti che hai preferito?" : "Dove hai incontrato le maggiori difficoltà?"}</legend>
    ${answers[name].map((label, i) => `<div><input type="radio" name="answer-input-${name}" id="${name}-${i}" value="${i}"${state.answer === label ? " checked" : ""}><label for="${name}-${i}" data-element="feedback-rating-answer">${label}</label></div>`).join("")}</fieldset>`;
  function draw() {
    const { vote, step } = state;
    const valid = vote > 0 && state.answer !== null;
    place.innerHTML = `<div data-element="feedback">${step === 2 ? "<h4>Grazie</h4>" : `<h2 data-element="feedback-title">Quanto è stato facile usare questo servizio?</h2>
      <fieldset>${[1, 2, 3, 4, 5].map((n) => `<input type="radio" name="star${n}b" id="star${n}b" value="${n}"${vote === n ? " checked" : ""}><label for="star${n}b" data-element="feedback-rate-${n}">${n}</label>`).join("")}</fieldset>
      ${branch("positive", vote > 3 && step === 0)}${branch("negative", vote > 0 && vote <= 3 && step === 0)}
      <div${shown(vote > 0 && step === 1)}><textarea data-element="feedback-input-text">${state.comment}</textarea></div>
      <div style="position: absolute; left: -999px"><input type="text" class="off" name="website_url" value="${state.trap}"></div>
      <div${shown(vote > 0)}><button type="button" id="prev">Indietro</button><button type="${step ? "submit" : "button"}" id="next" aria-disabled="${!valid}">Avanti</button></div>`}</div>`;
    place.querySelectorAll("input[type=radio]").forEach((input) => input.addEventListener("change", () => {
      state = input.name.startsWith("star") ? { ...state, vote: Number(input.value), answer: null, step: 0 } : { ...state, answer: answers[state.vote > 3 ? "positive" : "negative"][input.value] };
      draw();
    }));
    place.querySelector("textarea")?.addEventListener("input", (e) => { state.comment = e.target.value; });
    place.querySelector("#prev")?.addEventListener("click", () => { state.step = 0; draw(); });
    place.querySelector("#next")?.addEventListener("click", () => {
      if (!valid) return;
      state.step++;
      const { trap, ...sent } = state;
      if (state.step === 2) fetch("/++api++/@feedback-add", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ vote: sent.vote, answer: sent.answer, comment: sent.comment, content: location.pathname, website_url: trap }) });
      queueMicrotask(draw);
    });
  }
  window.voltoTrap = (text) => { state.trap = text; draw(); };
  draw();
})();
