// Builds the page: node build.mjs writes ../built; with --check it builds aside and
// tells whether ../built is just that.
import { createHash } from "node:crypto";
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import esbuild from "esbuild";
import { PurgeCSS } from "purgecss";

const here = import.meta.dirname;
const built = path.join(here, "..", "built");
const LANGUAGES = ["it", "en", "de"];
const TARGET = ["chrome102", "firefox102", "safari15.4"]; // The oldest that the page works in.
const LOADERS = { ".woff2": "file", ".svg": "file" };

// purged is bootstrap-italia without the rules that no element of the page matches,
// and without its fonts, which the page has itself.
async function purged() {
  const file = path.join(here, "node_modules/bootstrap-italia/dist/css/bootstrap-italia.min.css");
  const [{ css }] = await new PurgeCSS().purge({
    content: [path.join(here, "page/*.html"), path.join(here, "src/**/*.ts")],
    css: [{ raw: await readFile(file, "utf8") }],
    fontFace: true, keyframes: true, variables: true,
    safelist: { standard: ["html", "body"] },
  });
  return css.replace(/[^{}]*:has\([^{]*\{[^}]*\}/g, ""); // Younger than the oldest browsers, and for its own scripts.
}

// styles lets page.css import the purged sheet as "bootstrap-italia".
const styles = (css) => ({
  name: "styles",
  setup(build) {
    build.onResolve({ filter: /^bootstrap-italia$/ }, () => ({ path: "bootstrap-italia", namespace: "purged" }));
    build.onLoad({ filter: /.*/, namespace: "purged" }, () => ({ contents: css, loader: "css", resolveDir: here }));
  },
});

const messages = async (language) => JSON.parse(await readFile(path.join(here, "messages", language, "shell.json"), "utf8"));

async function build(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(path.join(out, "assets"), { recursive: true });
  const old = Object.fromEntries(await Promise.all(LANGUAGES.map(async (language) => [language, (await messages(language)).old])));
  const common = {
    bundle: true, minify: true, metafile: true, legalComments: "none", charset: "utf8", logLevel: "warning",
    outdir: path.join(out, "assets"), entryNames: "[name]-[hash]", chunkNames: "[name]-[hash]", assetNames: "[name]-[hash]", loader: LOADERS,
  };
  const results = [
    await esbuild.build({ ...common, entryPoints: [path.join(here, "src/app.ts")], format: "esm", splitting: true, target: TARGET }),
    await esbuild.build({ ...common, entryPoints: [path.join(here, "src/floor.js")], format: "iife", target: "es5", define: { OLD: JSON.stringify(old) } }),
    await esbuild.build({ ...common, entryPoints: [path.join(here, "style/page.css"), path.join(here, "style/dark.css")], target: TARGET, plugins: [styles(await purged())] }),
    await esbuild.build({ ...common, entryPoints: [path.join(here, "page/favicon.svg")], loader: { ".svg": "copy" } }),
  ];
  const names = {};
  for (const { metafile } of results) {
    for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
      if (entryPoint) names[path.basename(entryPoint).replace(/\.ts$/, ".js")] = `assets/${path.basename(file)}`;
    }
  }
  names["licences.txt"] = await licences(results, out);
  names.preloads = preloads(results[0].metafile, names["app.js"]);
  const page = await readFile(path.join(here, "page/index.html"), "utf8");
  await writeFile(path.join(out, "index.html"), page.replace(/\{([\w.]+)\}/g, (_, name) => {
    if (!names[name]) throw new Error(`index.html wants ${name}: there is ${Object.keys(names)}`);
    return names[name];
  }));
  await compress(out);
}

// licences writes the notices of all packages that something was taken from, and returns
// their address.
async function licences(results, out) {
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = new Set(["bootstrap-italia", ...inputs.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? [])]);
  const texts = await Promise.all([...packages].sort().map(async (name) =>
    `${name}\n\n${(await readFile(path.join(here, "node_modules", name, "LICENSE"), "utf8")).trim()}`));
  texts.push(`Titillium Web\n\n${(await readFile(path.join(here, "fonts/OFL.txt"), "utf8")).replace(/\r/g, "").trim()}`);
  const text = `${texts.join(`\n\n${"-".repeat(72)}\n\n`)}\n`;
  const file = `assets/licences-${createHash("sha256").update(text).digest("hex").slice(0, 12)}.txt`;
  await writeFile(path.join(out, file), text);
  return file;
}

// preloads announce what app.js imports, so that a browser on a slow line fetches all of
// it at once, not one after the other as it comes to read of them.
function preloads({ outputs }, app) {
  const of = (name) => outputs[Object.keys(outputs).find((file) => file.endsWith(name))];
  const found = new Set();
  const walk = ({ imports }) => imports.filter(({ kind }) => kind === "import-statement").forEach(({ path: file }) => {
    if (!found.has(file)) { found.add(file); walk(outputs[file]); }
  });
  walk(of(app));
  return [...found].map((file) => `<link rel="modulepreload" href="assets/${path.basename(file)}">`).join("\n");
}

// compress puts a .br beside each file that becomes smaller.
async function compress(out) {
  for (const file of ["index.html", ...(await readdir(path.join(out, "assets"))).map((name) => `assets/${name}`)]) {
    if (file.endsWith(".woff2")) continue;
    const body = await readFile(path.join(out, file));
    const small = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: body.length } });
    if (small.length < body.length) await writeFile(path.join(out, `${file}.br`), small);
  }
}

// files are all below a folder with what is in them; what is compressed, as it was:
// another version of the compressor may write other bytes.
async function files(folder) {
  const found = new Map();
  for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const file = path.join(name.parentPath ?? name.path, name.name);
    const body = await readFile(file);
    found.set(path.relative(folder, file), file.endsWith(".br") ? brotliDecompressSync(body) : body);
  }
  return found;
}

async function check() {
  const aside = await mkdtemp(path.join(tmpdir(), "mlf-page-"));
  try {
    await build(aside);
    const [want, got] = [await files(aside), await files(built)];
    const differ = [...new Set([...want.keys(), ...got.keys()])].filter((name) => !want.get(name)?.equals(got.get(name) ?? Buffer.alloc(0)));
    if (differ.length > 0) throw new Error(`query/dashboard/built is not what query/dashboard/web makes: ${differ.sort().join(", ")}: run make page`);
  } finally {
    await rm(aside, { recursive: true });
  }
}

await (process.argv.includes("--check") ? check() : build(built));
