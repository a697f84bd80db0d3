// Builds the kiosk: node build.mjs writes ../built; with --check it builds aside and tells
// whether ../built is just that.
import { createHash } from "node:crypto";
import { mkdtemp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import esbuild from "esbuild";

const here = import.meta.dirname;
const built = path.join(here, "..", "built");
const registry = path.join(here, "../../../schema/registry");
const TARGET = ["chrome102", "firefox102", "safari15.4"]; // The oldest that the page works in.

// rows reads a CSV file with a head, quotes and all.
async function rows(name) {
  const text = await readFile(path.join(registry, name), "utf8");
  const [head, ...lines] = text.trim().split(/\r?\n/).map((line) => [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, bare]) => quoted?.replace(/""/g, '"') ?? bare));
  return lines.map((cells) => Object.fromEntries(head.map((key, i) => [key, cells[i]])));
}

// labels are what the registry calls faces and reasons.
const labels = {
  name: "labels",
  setup(build) {
    build.onResolve({ filter: /^labels$/ }, () => ({ path: "labels", namespace: "registry" }));
    build.onLoad({ filter: /.*/, namespace: "registry" }, async () => {
      const of = async (name) => Object.fromEntries((await rows(name)).map(({ code, label_it: it, label_en: en, label_de: de }) => [code, { it, en, de }]));
      return { contents: JSON.stringify({ faces: await of("faces.csv"), reasons: await of("reasons.csv") }), loader: "json" };
    });
  },
};

// version is a sum over all that the page is made of.
async function version() {
  const sum = createHash("sha256");
  for (const folder of ["messages", "page", "src", "style"]) {
    const names = (await readdir(path.join(here, folder), { recursive: true, withFileTypes: true })).filter((one) => one.isFile());
    for (const file of names.map((one) => path.join(one.parentPath ?? one.path, one.name)).sort()) sum.update(path.relative(here, file)).update(await readFile(file));
  }
  for (const name of ["faces.csv", "reasons.csv"]) sum.update(await readFile(path.join(registry, name)));
  for (const name of ["build.mjs", "package-lock.json"]) sum.update(await readFile(path.join(here, name)));
  return sum.digest("hex").slice(0, 12);
}

async function build(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(path.join(out, "assets"), { recursive: true });
  const VERSION = await version();
  const common = { bundle: true, minify: true, metafile: true, legalComments: "none", charset: "utf8", logLevel: "warning", target: TARGET };
  const assets = { ...common, outdir: path.join(out, "assets"), entryNames: "[name]-[hash]" };
  const results = [
    await esbuild.build({ ...assets, entryPoints: [path.join(here, "src/page/main.ts")], format: "esm", plugins: [labels], define: { VERSION: JSON.stringify(VERSION) } }),
    await esbuild.build({ ...assets, entryPoints: [path.join(here, "style/kiosk.css")] }),
    await esbuild.build({ ...assets, entryPoints: [path.join(here, "page/icon.svg")], loader: { ".svg": "copy" } }),
  ];
  const names = {};
  for (const { metafile } of results) {
    for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
      if (entryPoint) names[path.basename(entryPoint).replace(/\.ts$/, ".js")] = `assets/${path.basename(file)}`;
    }
  }
  await writeFile(path.join(out, "assets", `licences-${VERSION}.txt`), `idb\n\n${(await readFile(path.join(here, "node_modules/idb/LICENSE"), "utf8")).trim()}\n`);
  for (const page of ["index.html", "kiosk.webmanifest"]) {
    const text = await readFile(path.join(here, "page", page), "utf8");
    await writeFile(path.join(out, page), text.replace(/\{([\w]+\.\w+)\}/g, (_, name) => {
      if (!names[name]) throw new Error(`${page} wants ${name}: there is ${Object.keys(names)}`);
      return names[name];
    }));
  }
  const FILES = ["./", "kiosk.webmanifest", ...Object.values(names).sort()];
  await esbuild.build({ ...common, entryPoints: { sw: path.join(here, "src/worker.ts") }, outdir: out, format: "iife", define: { VERSION: JSON.stringify(VERSION), FILES: JSON.stringify(FILES) } });
}

// files are all below a folder with what is in them.
async function files(folder) {
  const found = new Map();
  for (const name of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue;
    const file = path.join(name.parentPath ?? name.path, name.name);
    found.set(path.relative(folder, file), await readFile(file));
  }
  return found;
}

async function check() {
  const aside = await mkdtemp(path.join(tmpdir(), "mlf-kiosk-"));
  try {
    await build(aside);
    const [want, got] = [await files(aside), await files(built)];
    const differ = [...new Set([...want.keys(), ...got.keys()])].filter((name) => !want.get(name)?.equals(got.get(name) ?? Buffer.alloc(0)));
    if (differ.length > 0) throw new Error(`ingest/kiosk/built is not what ingest/kiosk/web makes: ${differ.sort().join(", ")}: run make kiosk`);
  } finally {
    await rm(aside, { recursive: true });
  }
}

await (process.argv.includes("--check") ? check() : build(built));
