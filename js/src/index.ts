import { comparison } from "./comparison/comparison";
import { liveView } from "./live_view/live_view";
import { player } from "./player/widget";
import { staying } from "./shared/staying";
import type { Widget } from "./shared/types";

/** The widgets of the bundle by the name in their trait `_kind`; the loader (`rlnb/widgets/asset.py`) calls `render`. */
export const widgets: Record<string, Widget> = {
  live_view: staying(liveView),
  player: staying(player),
  comparison: staying(comparison),
};
