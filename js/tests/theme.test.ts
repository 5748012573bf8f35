import { beforeEach, describe, expect, it } from "vitest";
import { detect, followTheme } from "../src/shared/theme";

describe("the theme", () => {
  beforeEach(() => {
    for (const element of [document.body, document.documentElement])
      for (const name of element.getAttributeNames()) element.removeAttribute(name);
  });

  it.each([
    ["JupyterLab light", () => document.body.setAttribute("data-jp-theme-light", "true"), "light"],
    ["JupyterLab dark", () => document.body.setAttribute("data-jp-theme-light", "false"), "dark"],
    ["VS Code dark", () => document.body.setAttribute("class", "vscode-dark"), "dark"],
    ["VS Code light", () => document.body.setAttribute("data-vscode-theme-kind", "vscode-light"), "light"],
    [
      "VS Code high contrast",
      () => document.body.setAttribute("data-vscode-theme-kind", "vscode-high-contrast"),
      "dark contrast",
    ],
    [
      "VS Code light high contrast",
      () => document.body.setAttribute("class", "vscode-high-contrast-light vscode-high-contrast"),
      "light contrast",
    ],
    [
      "JupyterLab's high contrast",
      () => {
        document.body.setAttribute("data-jp-theme-light", "false");
        document.body.setAttribute("data-jp-theme-name", "JupyterLab Dark High Contrast");
      },
      "dark contrast",
    ],
    ["Colab dark", () => document.documentElement.setAttribute("theme", "dark"), "dark"],
    ["nothing said", () => {}, "light"],
  ])("is known in %s", (_, arrange, expected) => {
    arrange();
    expect(detect()).toBe(expected);
  });

  it("is followed while it changes, until undone", async () => {
    const root = document.createElement("div");
    const seen: string[] = [];
    const undo = followTheme(root, (theme) => seen.push(theme));
    document.body.setAttribute("data-jp-theme-light", "false");
    await new Promise((done) => setTimeout(done));
    expect(root.dataset.theme).toBe("dark");
    expect(root.hasAttribute("data-contrast")).toBe(false);
    document.body.setAttribute("data-jp-theme-name", "JupyterLab Dark High Contrast");
    await new Promise((done) => setTimeout(done));
    expect([root.dataset.theme, root.hasAttribute("data-contrast")]).toEqual(["dark", true]);
    undo();
    document.body.setAttribute("data-jp-theme-light", "true");
    await new Promise((done) => setTimeout(done));
    expect(seen).toEqual(["light", "dark", "dark contrast"]);
  });
});
