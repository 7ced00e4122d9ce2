/**
 * Runs in a page: the texts that are too pale for WCAG AA (4.5 : 1, or 3 : 1 for large ones), the edges of fields, the
 * switches and the pictures that are (3 : 1, criterion 1.4.11), and whatever makes the page wider than the screen.
 */
export function unreadable() {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = (part) => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const contrast = (one, other) => {
    const [dark, light] = [one, other].map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const [red, green, blue, opacity = 1] = numbers(getComputedStyle(element).backgroundColor);
    return opacity === 1 ? [red, green, blue] : behind(element.parentElement);
  };
  const isLarge = ({ fontSize, fontWeight }) => parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
  const faults = [];
  const demand = (least, color, ground, what) => {
    const ratio = contrast(numbers(color), ground);
    if (!(ratio >= least)) faults.push(`${what} at ${ratio.toFixed(2)} : 1`);
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim();
    if (!words || !element.checkVisibility() || /^(SCRIPT|STYLE)$/.test(element.tagName)) continue;
    const style = getComputedStyle(element);
    demand(isLarge(style) ? 3 : 4.5, style.color, behind(element), `"${words}"`);
  }
  const visible = (selector) => [...document.querySelectorAll(selector)].filter((it) => it.checkVisibility());
  for (const field of visible("input:not([type=radio])")) {
    const edge = field.closest("uni-input") ?? field;
    const { borderTopStyle, borderTopColor } = getComputedStyle(edge);
    if (borderTopStyle === "none") faults.push(`a field without an edge: ${field.outerHTML.slice(0, 80)}`);
    else demand(3, borderTopColor, behind(edge.parentElement), "the edge of a field");
    if (field.placeholder) demand(4.5, getComputedStyle(field, "::placeholder").color, behind(field), `"${field.placeholder}"`);
  }
  for (const track of visible("[role=switch] .track")) {
    const { backgroundColor } = getComputedStyle(track);
    demand(3, backgroundColor, behind(track.parentElement), "a switch");
    demand(3, getComputedStyle(track, "::after").backgroundColor, numbers(backgroundColor), "the knob of a switch");
  }
  for (const path of visible("svg path")) {
    const { stroke } = getComputedStyle(path);
    if (stroke !== "none") demand(3, stroke, behind(path.closest("svg").parentElement), `a picture in ${path.closest("[class]:not(svg)").className}`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`${scrollWidth} px wide on a screen of ${clientWidth} px`);
  return faults;
}

/**
 * Runs in a page: how what has the focus is marked, as the width of its outline in pixels, and its contrast with what is
 * around it; nothing if nothing has the focus.
 */
export function focusMark() {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const linear = (part) => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = color.map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    const color = numbers(getComputedStyle(element).backgroundColor);
    return color[3] === 0 ? behind(element.parentElement) : color;
  };
  const { activeElement: focus } = document;
  if (!focus || focus === document.body) return undefined;
  // What is drawn for it, where it is not seen itself.
  const marked = focus.closest("uni-input") ?? (focus.matches(".tab input") ? focus.parentElement : focus);
  const { outlineStyle, outlineWidth, outlineColor, outlineOffset } = getComputedStyle(marked);
  const ground = behind(parseFloat(outlineOffset) < 0 ? marked : marked.parentElement);
  const [dark, light] = [luminance(numbers(outlineColor)), luminance(ground)].sort((a, b) => a - b);
  const width = outlineStyle === "none" ? 0 : parseFloat(outlineWidth);
  return { width, contrast: (light + 0.05) / (dark + 0.05) };
}
