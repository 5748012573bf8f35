import { liveView } from "./live_view/live_view";
import type { Widget } from "./shared/types";

/** The widgets of the bundle by the name in their trait `_kind`; the loader (`rlnb/widgets/asset.py`) calls `render`. */
export const widgets: Record<string, Widget> = { live_view: liveView };
