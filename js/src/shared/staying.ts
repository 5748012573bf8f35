import { h } from "./dom";
import { type Model, onTrait, type Widget } from "./types";

const PATIENCE = 2000; // ms that a view waits for its model to be displayed again

/** A model whose page-side end can be exchanged: what listens goes on listening to the next one. */
class Line implements Model {
  private listeners: [string, (...args: never[]) => void][] = [];

  constructor(private model: Model) {}

  get = (name: string): unknown => this.model.get(name);
  set = (name: string, value: unknown): void => this.model.set(name, value);
  save_changes = (): void => this.model.save_changes();
  send: Model["send"] = (content, callbacks, buffers) => this.model.send(content, callbacks, buffers);

  on = (event: string, listener: (...args: never[]) => void): void => {
    this.listeners.push([event, listener]);
    this.model.on(event, listener);
  };

  off = (event: string, listener: (...args: never[]) => void): void => {
    this.listeners = this.listeners.filter(([name, fn]) => name !== event || fn !== listener);
    this.model.off(event, listener);
  };

  move(model: Model): void {
    for (const [event, listener] of this.listeners) {
      this.model.off(event, listener);
      model.on(event, listener);
    }
    this.model = model;
  }
}

interface View {
  host: HTMLElement;
  line: Line;
  undo: () => void;
}

const parked = new Map<string, View & { timer: ReturnType<typeof setTimeout> }>();

/** A view that is taken away and displayed again at once — a course notebook clears its output every episode — is the
 * same view: its place in the page is new, its charts, zoom and film are not built again. The static picture beside a
 * widget is hidden while a view is there (`static_style`, which also names the widget). */
export const staying = (widget: Widget): Widget => ({
  render({ model, el }) {
    const name = String(model.get("static_style") ?? "");
    let view: View | undefined = parked.get(name);
    if (view) {
      clearTimeout(parked.get(name)?.timer);
      parked.delete(name);
      view.line.move(model);
      el.append(view.host);
    } else {
      view = build(widget, model, el);
    }
    const { host, line, undo } = view;
    return () => {
      host.remove();
      const key = String(line.get("static_style") ?? "");
      if (!key || parked.has(key)) return undo();
      const timer = setTimeout(() => {
        parked.delete(key);
        undo();
      }, PATIENCE);
      parked.set(key, { host, line, undo, timer });
    };
  },
});

function build(widget: Widget, model: Model, el: HTMLElement): View {
  const line = new Line(model);
  const style = h("style", {});
  const host = h("div", {}, style);
  const paint = () => {
    style.textContent = String(line.get("static_style") ?? "");
  };
  paint();
  el.append(host);
  const undoTrait = onTrait(line, "static_style", paint);
  const undoWidget = widget.render({ model: line, el: host });
  return {
    host,
    line,
    undo: () => {
      undoWidget();
      undoTrait();
      host.remove();
    },
  };
}
