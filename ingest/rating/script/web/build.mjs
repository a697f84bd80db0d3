// Builds the scripts: node build.mjs writes ../built; with --check it builds aside and
// tells whether ../built is just that.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import esbuild from "esbuild";

const here = import.meta.dirname;
const built = path.join(here, "..", "built");
const source = (name) => path.join(here, "src", name);
const TARGET = ["es2018", "chrome87", "firefox78", "safari14.1"]; // Pages of others have readers of all ages.

async function build(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  await esbuild.build({
    entryPoints: ["rating.ts", "widget.ts", "page.ts", "widget.css"].map(source),
    outdir: out, bundle: true, minify: true, format: "iife", target: TARGET, charset: "utf8", legalComments: "none", logLevel: "warning",
  });
  await writeFile(path.join(out, "page.html"), await readFile(source("page.html")));
  await writeFile(path.join(out, "sources.txt"), await sums());
}

// sums are those of all that is built from, so that who has no Node sees that something
// was changed and not built.
async function sums() {
  const names = [...(await readdir(path.join(here, "src"))).map((name) => `src/${name}`), "build.mjs", "package-lock.json"].sort();
  const lines = names.map(async (name) => `${createHash("sha256").update(await readFile(path.join(here, name))).digest("hex")}  ${name}\n`);
  return (await Promise.all(lines)).join("");
}

async function files(folder) {
  return new Map(await Promise.all((await readdir(folder)).map(async (name) => [name, await readFile(path.join(folder, name))])));
}

async function check() {
  const aside = await mkdtemp(path.join(tmpdir(), "mlf-rating-"));
  try {
    await build(aside);
    const [want, got] = [await files(aside), await files(built)];
    const differ = [...new Set([...want.keys(), ...got.keys()])].filter((name) => !want.get(name)?.equals(got.get(name) ?? Buffer.alloc(0)));
    if (differ.length > 0) throw new Error(`ingest/rating/script/built is not what its sources make: ${differ.sort().join(", ")}: run make page`);
  } finally {
    await rm(aside, { recursive: true });
  }
}

await (process.argv.includes("--check") ? check() : build(built));
