/** What a widget is given by anywidget, in the part that every host has (0.9.21 knows no `signal` and no `host`). */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: string, listener: (...args: never[]) => void): void;
  off(event: string, listener: (...args: never[]) => void): void;
}

/** How bytes arrive: `DataView` in JupyterLab, `Uint8Array` in Colab, `ArrayBuffer` elsewhere. */
export type Bytes = DataView | Uint8Array | ArrayBuffer;

/** A message from Python: `widget.send(content, buffers)`. */
export type Content = { type: string; [key: string]: unknown };

export interface RenderArguments {
  model: Model;
  el: HTMLElement;
}

/** A widget draws itself into `el` and returns what undoes it. */
export interface Widget {
  render(args: RenderArguments): () => void;
}

/** Listens to the messages of Python; returns the undoing. */
export function onMessage(model: Model, listener: (content: Content, buffers: Bytes[]) => void): () => void {
  const handler = (content: Content, buffers: Bytes[] = []) => listener(content, buffers);
  model.on("msg:custom", handler as (...args: never[]) => void);
  return () => model.off("msg:custom", handler as (...args: never[]) => void);
}

/** Listens to a trait; returns the undoing. */
export function onTrait(model: Model, name: string, listener: () => void): () => void {
  const event = `change:${name}`;
  model.on(event, listener);
  return () => model.off(event, listener);
}
