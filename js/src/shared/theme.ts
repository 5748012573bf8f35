/** Light or dark, as the host shows itself, followed while it changes. */
export type Theme = "light" | "dark";

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
export const palettes: Record<Theme, Palette> = {
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

/** What the page says of itself: JupyterLab, VS Code, Colab, then the system's own preference. */
export function detect(doc: Document = document): Theme {
  const body = doc.body;
  const lab = body?.getAttribute("data-jp-theme-light");
  if (lab != null) return lab === "false" ? "dark" : "light";
  const code = body?.getAttribute("data-vscode-theme-kind");
  if (code != null) return /dark|^vscode-high-contrast$/.test(code) ? "dark" : "light";
  if (body?.classList.contains("vscode-dark") || body?.classList.contains("vscode-high-contrast")) return "dark";
  if (body?.classList.contains("vscode-light")) return "light";
  const named = doc.documentElement.getAttribute("theme") ?? doc.documentElement.getAttribute("data-theme");
  if (named === "dark" || named === "light") return named;
  const scheme = doc.defaultView?.matchMedia?.("(prefers-color-scheme: dark)");
  return scheme?.matches ? "dark" : "light";
}

/** Sets `data-theme` on `root` now and at every change, then calls `listener`; returns the undoing. */
export function followTheme(root: HTMLElement, listener?: (theme: Theme) => void): () => void {
  const doc = root.ownerDocument;
  let theme: Theme | null = null;
  const apply = () => {
    const now = detect(doc);
    if (now === theme) return;
    theme = now;
    root.dataset.theme = now;
    listener?.(now);
  };
  apply();
  const observer = new MutationObserver(apply);
  const attributeFilter = ["data-jp-theme-light", "data-jp-theme-name", "data-vscode-theme-kind", "class", "theme"];
  observer.observe(doc.documentElement, { attributes: true, attributeFilter: [...attributeFilter, "data-theme"] });
  if (doc.body) observer.observe(doc.body, { attributes: true, attributeFilter });
  const scheme = doc.defaultView?.matchMedia?.("(prefers-color-scheme: dark)");
  scheme?.addEventListener?.("change", apply);
  return () => {
    observer.disconnect();
    scheme?.removeEventListener?.("change", apply);
  };
}
