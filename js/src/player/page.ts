import baseCss from "../shared/base.css";
import { h, useStyles } from "../shared/dom";
import { followTheme } from "../shared/theme";
import { FilmArea } from "./film_area";
import { filmsOf } from "./films";
import css from "./player.css";

/** A saved page (`rlnb/widgets/film_page.py`): the films stand in it as base64, and play without a kernel. */
function main(): void {
  const place = document.getElementById("rlnb") as HTMLElement;
  const area = new FilmArea(null);
  const root = h("article", { class: "rlnb-root rlnb-player-widget", "aria-label": "rlnb episode player" }, area.el);
  place.append(root);
  useStyles(root, baseCss);
  useStyles(root, css);
  followTheme(root, (theme) => area.setTheme(theme));
  const meta: unknown = JSON.parse(document.getElementById("rlnb-films")?.textContent ?? "[]");
  const buffers = [...document.querySelectorAll(".rlnb-buffer")].map((element) =>
    Uint8Array.from(atob(element.textContent ?? ""), (letter) => letter.charCodeAt(0)),
  );
  area.play(filmsOf(meta, buffers));
}

main();
