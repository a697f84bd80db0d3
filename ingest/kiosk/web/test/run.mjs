// Runs the tests: each is bundled, as the page is, and run by Node's own runner.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import path from "node:path";
import esbuild from "esbuild";

const here = import.meta.dirname;
const out = await mkdtemp(path.join(here, ".run-"));
try {
  const entryPoints = (await readdir(here)).filter((name) => name.endsWith(".test.ts")).map((name) => path.join(here, name));
  await esbuild.build({ entryPoints, bundle: true, platform: "node", format: "esm", target: "node20", outdir: out, outExtension: { ".js": ".mjs" }, logLevel: "warning", sourcemap: "inline" });
  const run = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...(await readdir(out)).map((name) => path.join(out, name))], { stdio: "inherit" });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(out, { recursive: true });
}
