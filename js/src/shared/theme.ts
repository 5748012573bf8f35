/** How the host shows itself, followed while it changes; with more contrast where the host or the system asks for it. */
export type Theme = "light" | "dark" | "light contrast" | "dark contrast";

/** Colours that JavaScript draws with; CSS has the same ones as `--rlnb-*` custom properties (`shared/base.css`). */
export interface Palette {
  text: string;
  muted: string;
  faint: string;
  line: string;
  surface: string;
  accent: string;
  series: readonly string[];
}

// The series are told apart by the common kinds of colour blindness (Okabe–Ito order, lightness tuned to each ground).
const plain: Record<"light" | "dark", Palette> = {
  light: {
    text: "#1c2333",
    muted: "#5b6478",
    faint: "#8a93a6",
    line: "#e6e9f0",
    surface: "#ffffff",
    accent: "#3556c8",
    series: ["#3556c8", "#d2691e", "#0b8a6a", "#a8459b", "#b58900", "#2a9fc4", "#7a4fd0", "#c2385a"],
  },
  dark: {
    text: "#e7eaf2",
    muted: "#a2abbf",
    faint: "#79839a",
    line: "#2d3445",
    surface: "#171b26",
    accent: "#8ea8ff",
    series: ["#8ea8ff", "#f2a35e", "#4fd0a8", "#e193d6", "#e3c45a", "#6fcff0", "#b79cff", "#ff8fa8"],
  },
};

export const palettes: Record<Theme, Palette> = {
  ...plain,
  "light contrast": {
    ...{ text: "#000000", muted: "#20242e", faint: "#414859", line: "#a4acbc", surface: "#ffffff", accent: "#1a389c" },
    series: ["#1a389c", "#9a4300", "#00573f", "#7a1a6d", "#6b4f00", "#005f7d", "#4b22a3", "#8f0f33"],
  },
  "dark contrast": {
    ...{ text: "#ffffff", muted: "#e4e8f2", faint: "#bcc4d6", line: "#626b80", surface: "#000000", accent: "#a9bdff" },
    series: ["#a9bdff", "#ffbd80", "#6ff0c6", "#f7b3ee", "#ffe27a", "#93e2ff", "#cfbaff", "#ffb0c2"],
  },
};

export const contrasting = (theme: Theme): boolean => theme.endsWith("contrast");

/** What the page says of itself: the system's forced colours, JupyterLab, VS Code, Colab, then the system's preference. */
export function detect(doc: Document = document): Theme {
  const base = ground(doc);
  return asks(doc, "(forced-colors: active)") || asks(doc, "(prefers-contrast: more)") || named(doc)
    ? `${base} contrast`
    : base;
}

const asks = (doc: Document, query: string): boolean => doc.defaultView?.matchMedia?.(query)?.matches ?? false;

/** Whether the host's theme is one of high contrast. */
function named({ body }: Document): boolean {
  const names = ["data-jp-theme-name", "data-vscode-theme-kind", "class"].map((name) => body?.getAttribute(name) ?? "");
  return /high[ -]contrast/i.test(names.join(" "));
}

function ground(doc: Document): "light" | "dark" {
  const body = doc.body;
  const system = asks(doc, "(prefers-color-scheme: dark)") ? "dark" : "light";
  if (asks(doc, "(forced-colors: active)")) return system; // the ground is the system's, whatever the page says
  const lab = body?.getAttribute("data-jp-theme-light");
  if (lab != null) return lab === "false" ? "dark" : "light";
  const code = body?.getAttribute("data-vscode-theme-kind");
  if (code != null) return /dark|^vscode-high-contrast$/.test(code) ? "dark" : "light";
  if (body?.classList.contains("vscode-light") || body?.classList.contains("vscode-high-contrast-light"))
    return "light";
  if (body?.classList.contains("vscode-dark") || body?.classList.contains("vscode-high-contrast")) return "dark";
  const named = doc.documentElement.getAttribute("theme") ?? doc.documentElement.getAttribute("data-theme");
  return named === "dark" || named === "light" ? named : system;
}

const queries = ["(prefers-color-scheme: dark)", "(prefers-contrast: more)", "(forced-colors: active)"];

/** Sets `data-theme` and `data-contrast` on `root` now and at every change, then calls `listener`; returns the undoing. */
export function followTheme(root: HTMLElement, listener?: (theme: Theme) => void): () => void {
  const doc = root.ownerDocument;
  let theme: Theme | null = null;
  const apply = () => {
    const now = detect(doc);
    if (now === theme) return;
    theme = now;
    root.dataset.theme = now.split(" ")[0];
    root.toggleAttribute("data-contrast", contrasting(now));
    listener?.(now);
  };
  apply();
  const observer = new MutationObserver(apply);
  const attributeFilter = ["data-jp-theme-light", "data-jp-theme-name", "data-vscode-theme-kind", "class", "theme"];
  observer.observe(doc.documentElement, { attributes: true, attributeFilter: [...attributeFilter, "data-theme"] });
  if (doc.body) observer.observe(doc.body, { attributes: true, attributeFilter });
  const media = queries.map((query) => doc.defaultView?.matchMedia?.(query));
  for (const one of media) one?.addEventListener?.("change", apply);
  return () => {
    observer.disconnect();
    for (const one of media) one?.removeEventListener?.("change", apply);
  };
}
