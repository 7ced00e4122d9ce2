/**
 * Runs in a page: the texts that are too pale for WCAG AA (4.5 : 1, or 3 : 1 for large ones), and whatever makes the page
 * wider than the screen.
 */
export function unreadable() {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = ([red, green, blue]) => {
    const linear = (part) => (part <= 10.3 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const behind = (element) => {
    const [red, green, blue, opacity = 1] = numbers(getComputedStyle(element).backgroundColor);
    if (opacity === 1) return [red, green, blue];
    return element.parentElement ? behind(element.parentElement) : [255, 255, 255];
  };
  const contrast = (element) => {
    const [dark, light] = [numbers(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const isLarge = ({ fontSize, fontWeight }) => parseFloat(fontSize) >= (fontWeight >= 700 ? 18.66 : 24);
  const faults = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const words = texts.currentNode.data.trim();
    if (!words || !element.checkVisibility() || /^(SCRIPT|STYLE)$/.test(element.tagName)) continue;
    const ratio = contrast(element);
    if (ratio < (isLarge(getComputedStyle(element)) ? 3 : 4.5)) faults.push(`"${words}" at ${ratio.toFixed(2)} : 1`);
  }
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) faults.push(`${scrollWidth} px wide on a screen of ${clientWidth} px`);
  return faults;
}
