// Bundles js/src into rlnb/widgets/static/rlnb.js: one minified ES module, styles included, nothing fetched at run time;
// and the player alone into player.js beside it, for saved pages.
// MathJax and WebGL are stubbed (they are two thirds of Bokeh's size), and Bokeh's files are read as TypeScript so that
// uninitialised class fields do not overwrite state (bokeh #13864).
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import * as esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const outfile = path.resolve(here, process.argv[2] ?? "../rlnb/widgets/static/rlnb.js");
const tsconfigRaw = {
  compilerOptions: { useDefineForClassFields: false, experimentalDecorators: true, verbatimModuleSyntax: true },
};

// Classrooms are offline: where Bokeh names a page or a CDN in a string, the string loses it.
const withoutRemotes = (code) => code.replace(/https?:\/\/(?!www\.w3\.org\/)[\w.\-/@]+/g, "");

// At every redraw Bokeh asks the page for CSS properties of its own, and for the font size: a third of the time. rlnb sets none.
const withoutStyleQueries = (code, file) => {
  if (/visuals[/\\]visual\.js$/.test(file))
    return code.replace(/const style = getComputedStyle\(this\.obj\.el\);\s*return [^;]*;/, 'return "";');
  if (/plots[/\\]plot_canvas\.js$/.test(file))
    return code.replace(/const font_size = getComputedStyle\(this\.el\)\.fontSize;/, 'const font_size = "12px";');
  return code;
};

// Map projections, pictures for toolbars and a canvas that writes SVG: rlnb has no maps, no Bokeh toolbar and its own SVG.
const withoutUnused = (code, file) => {
  if (/util[/\\]projections\.js$/.test(file))
    return code
      .replace(/^import .* from "proj4[^;]*;?$/gm, "")
      .replace(/^const (mercator|wgs84) = .*$/gm, "")
      .replace(/proj4\(wgs84, mercator\)/, "{ forward: (at) => at, inverse: (at) => at }");
  if (/styles[/\\]icons\.css\.js$/.test(file)) return code.replace(/^export default `[^`]*`/m, 'export default ""');
  return code;
};

const bokeh = {
  name: "bokeh",
  setup(build) {
    build.onResolve({ filter: /^\.\/mathjax$/ }, (a) => ({ path: a.path, namespace: "empty" }));
    build.onResolve({ filter: /^\.\/svg$/ }, (a) => ({ path: a.path, namespace: "svg" }));
    build.onLoad({ filter: /.*/, namespace: "svg" }, () => ({ contents: "export class SVGRenderingContext2D {}" }));
    build.onResolve({ filter: /webgl(\/|$)/ }, (a) => ({ path: a.path, namespace: "empty" }));
    build.onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "export {}" }));
    build.onLoad({ filter: /@bokeh[/\\]bokehjs[/\\]build[/\\]js[/\\]lib[/\\].*\.js$/ }, async (a) => ({
      contents: withoutUnused(
        withoutStyleQueries(withoutRemotes(await fs.promises.readFile(a.path, "utf8")), a.path),
        a.path,
      ),
      loader: "ts",
    }));
  },
};

// Style sheets as strings, without their white space and comments.
const sheets = {
  name: "sheets",
  setup(build) {
    build.onLoad({ filter: /\.css$/ }, async (a) => {
      const css = await fs.promises.readFile(a.path, "utf8");
      return { contents: (await esbuild.transform(css, { loader: "css", minify: true })).code, loader: "text" };
    });
  },
};

const options = {
  absWorkingDir: here,
  bundle: true,
  format: "esm",
  target: "es2021",
  minify: true,
  legalComments: "none",
  charset: "utf8",
  plugins: [bokeh, sheets],
  tsconfigRaw,
  metafile: true,
  logLevel: "warning",
  write: false,
};
const stamp = process.argv.find((word) => word.startsWith("//# ")); // what the bundle is made of, for hatch_build.py

async function make(entry, file) {
  const result = await esbuild.build({ ...options, entryPoints: [entry] });
  const code = Buffer.from(result.outputFiles[0].text + (stamp ? `${stamp}\n` : ""));
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.tmp`, code);
  fs.renameSync(`${file}.tmp`, file);
  if (process.argv.includes("--meta")) fs.writeFileSync(`${file}.meta.json`, JSON.stringify(result.metafile));
  const packed = zlib.gzipSync(code, { level: 9 }).length;
  console.log(`${path.relative(process.cwd(), file)}: ${code.length} bytes, ${packed} gzipped`);
}

await make("src/player/page.ts", path.join(path.dirname(outfile), "player.js"));
await make("src/index.ts", outfile);
