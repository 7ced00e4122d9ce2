/** On H5, uni-app draws buttons as elements of its own that no keyboard reaches. This makes them what they look like. */

import "./keyboard.css";

const BACK = ".uni-page-head-btn";
const BUTTONS = `uni-button, [role="button"], ${BACK}`;

function mend(): void {
  document.querySelectorAll<HTMLElement>(BUTTONS).forEach((button) => {
    const disabled = button.hasAttribute("disabled");
    // Not taken out altogether: a button that is disabled by being pressed would lose the focus.
    button.tabIndex = disabled ? -1 : 0;
    button.setAttribute("role", "button");
    button.setAttribute("aria-disabled", String(disabled));
    if (button.matches(BACK)) button.setAttribute("aria-label", "返回");
  });
  // What a toast says is read out.
  document.querySelector("uni-toast")?.setAttribute("role", "alert");
}

new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributeFilter: ["disabled"] });

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!(target instanceof HTMLElement) || !target.matches(BUTTONS) || (key !== "Enter" && key !== " ")) return;
  event.preventDefault(); // the space bar would scroll
  if (!event.repeat && target.tabIndex === 0) target.click();
});
