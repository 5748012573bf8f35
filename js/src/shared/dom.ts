/** Small helpers to build DOM. Strings are always set as text, never as HTML. */

type Attributes = Record<string, string | number | boolean | null | undefined>;
type Child = Node | string | null | undefined | false;

/** `h("button", {class: "rlnb-button", "aria-label": "Stop"}, "Stop")`; null, undefined and false attributes are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** An icon drawn from the `d` of one path in a 16 × 16 box; hidden from screen readers. */
export function icon(d: string): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({
    viewBox: "0 0 16 16",
    width: "14",
    height: "14",
    "aria-hidden": "true",
  }))
    svg.setAttribute(name, value);
  svg.setAttribute("class", "rlnb-icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

/** Adds a listener; returns its undoing. */
export function on<K extends keyof HTMLElementEventMap>(
  target: EventTarget,
  event: K | string,
  listener: (event: HTMLElementEventMap[K]) => void,
  options?: AddEventListenerOptions,
): () => void {
  target.addEventListener(event, listener as EventListener, options);
  return () => target.removeEventListener(event, listener as EventListener, options);
}

const sheets = new WeakMap<Node, Set<string>>();

function inject(root: Document | ShadowRoot, css: string): void {
  const known = sheets.get(root) ?? new Set();
  sheets.set(root, known);
  if (known.has(css)) return;
  known.add(css);
  (root instanceof ShadowRoot ? root : root.head).append(h("style", { "data-rlnb": true }, css));
}

/** Puts a style sheet where `el` can see it, once a document or shadow root; returns the undoing of the waiting only. */
export function useStyles(el: HTMLElement, css: string): () => void {
  const root = el.getRootNode();
  if (root instanceof ShadowRoot || root instanceof Document) {
    inject(root, css);
    return () => {};
  }
  inject(el.ownerDocument, css);
  const observer = new ResizeObserver(() => {
    if (!el.isConnected) return;
    observer.disconnect();
    const now = el.getRootNode();
    if (now instanceof ShadowRoot) inject(now, css);
  });
  observer.observe(el);
  return () => observer.disconnect();
}

/** Joins undoings into one that runs each once, the last first. */
export function undoAll(undoings: (() => void)[]): () => void {
  return () => {
    for (const undo of undoings.splice(0).reverse()) undo();
  };
}
