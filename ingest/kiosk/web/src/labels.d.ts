// What faces and reasons are called: schema/registry, put in when the page is built.
declare module "labels" {
  const labels: { faces: Record<string, Record<string, string>>; reasons: Record<string, Record<string, string>> };
  export default labels;
}
// The files that the worker keeps, and a sum over them.
declare const FILES: string[];
declare const VERSION: string;
