// A kernel of paper: a model as anywidget gives it, and frames as rlnb/widgets/codec.py writes them.
const kinds = { f8: Float64Array, i4: Int32Array, u1: Uint8Array };

export function frame(meta, columns) {
  const entries = [];
  let at = 0;
  for (const [name, [kind, values]] of Object.entries(columns)) {
    const array = kinds[kind].from(values);
    entries.push({ name, kind, at, length: array.length, array });
    at += Math.ceil(array.byteLength / 8) * 8;
  }
  const json = JSON.stringify({ meta, columns: entries.map(({ array, ...entry }) => entry) });
  let text = new TextEncoder().encode(json);
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(32);
  padded.set(text);
  text = padded;
  const out = new Uint8Array(8 + text.length + at);
  out.set([0x52, 0x4c, 0x42, 0x31]);
  new DataView(out.buffer).setUint32(4, text.length, true);
  out.set(text, 8);
  for (const entry of entries) out.set(new Uint8Array(entry.array.buffer), 8 + text.length + entry.at);
  return out;
}

export function fakeModel(traits = {}) {
  const listeners = new Map();
  const sent = [];
  const model = {
    sent,
    get: (name) => traits[name],
    set: (name, value) => {
      traits[name] = value;
      for (const listener of listeners.get(`change:${name}`) ?? []) listener();
    },
    save_changes() {},
    send: (content) => {
      sent.push(content);
      model.onsend?.(content);
    },
    on: (event, listener) => listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    off: (event, listener) =>
      listeners.set(
        event,
        (listeners.get(event) ?? []).filter((one) => one !== listener),
      ),
    emit: (content, buffers = []) => {
      for (const listener of listeners.get("msg:custom") ?? [])
        listener(
          content,
          buffers.map((b) => new DataView(b.buffer, b.byteOffset, b.byteLength)),
        );
    },
    listening: () => [...listeners.values()].flat().length,
  };
  return model;
}

let state = 7;
export const random = () => {
  state = (state * 1103515245 + 12345) % 2147483648;
  return state / 2147483648;
};

/** `n` episodes of something that learns, as series of a frame; without groups numbers that are logged, and no step. */
export function run(n, { groups = 1, metrics = ["loss", "q_mean"], cut = true } = {}) {
  const series = [];
  const columns = {};
  const put = (panel, group, kind, rows) => {
    const i = series.length;
    series.push({ panel, series: panel, group, kind, total: rows.length });
    for (const [k, name] of ["episode", "step", "time", "value", "cut"].entries())
      columns[`${i}.${name}`] = [name === "cut" ? "u1" : "f8", rows.map((row) => row[k])];
  };
  for (let group = 0; group < groups; group++) {
    let step = 0;
    const rows = [];
    for (let e = 0; e < (group ? n / 10 : n); e++) {
      const skill = 20 + 460 / (1 + Math.exp(-((group ? e * 10 : e) - n * 0.45) / (n * 0.09)));
      const length = Math.max(9, Math.min(500, Math.round(skill * (0.55 + 0.8 * random()))));
      step += length;
      rows.push([e, step, step / 4100, length, cut && e === n - 1 ? 1 : 0]);
    }
    put("return", group, "points", rows);
    put("length", group, "points", rows);
  }
  for (const [k, name] of metrics.entries()) {
    const rows = [];
    for (let i = 0; i < n; i++)
      rows.push([
        groups ? i : 0,
        groups ? i * 150 : 0,
        i / 25,
        (k ? 40 * (1 - Math.exp(-i / (n / 3))) : 2.5 * Math.exp(-i / (n / 4))) + (random() - 0.5) * (k ? 6 : 0.5),
        0,
      ]);
    put(name, 0, "line", rows);
  }
  return { series, columns };
}
