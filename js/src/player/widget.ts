import baseCss from "../shared/base.css";
import { h, undoAll, useStyles } from "../shared/dom";
import { followTheme } from "../shared/theme";
import { onMessage, type Widget } from "../shared/types";
import { FilmArea } from "./film_area";
import css from "./player.css";

/** The episode player by itself (`rlnb/widgets/player.py`): says hello, and is sent its films. */
export const player: Widget = {
  render({ model, el }) {
    const send = (content: Record<string, unknown>) => {
      try {
        model.send(content);
      } catch {
        area.fail("No kernel: the film was not kept in this notebook. Run the cell again to see it.");
      }
    };
    const area = new FilmArea((name, payload = {}) => send({ type: "command", name, payload }), { choosing: true });
    const root = h("article", { class: "rlnb-root rlnb-player-widget", "aria-label": "rlnb episode player" }, area.el);
    el.append(root);
    const undo = undoAll([
      useStyles(el, baseCss),
      useStyles(el, css),
      followTheme(root, (theme) => area.setTheme(theme)),
      () => area.destroy(),
      () => root.remove(),
      onMessage(model, (content, buffers) => {
        if (!area.receive(content, buffers))
          area.fail(`The kernel sent a message that the player does not know: ${JSON.stringify(content.type)}`);
      }),
    ]);
    area.wait("the film");
    send({ type: "hello" });
    return undo;
  },
};
