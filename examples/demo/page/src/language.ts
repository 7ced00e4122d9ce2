/** The language and the colours of the page, remembered on the device. */

import { computed, ref, watchEffect } from "vue";
import { en } from "./words/en";
import { type Texts, zh } from "./words/zh";

type Language = "zh" | "en";
type Theme = "light" | "dark";

const dark = matchMedia("(prefers-color-scheme: dark)");

export const language = ref<Language>(remembered("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
/** What was chosen; nothing means what the device says. */
const chosen = ref<Theme | undefined>(remembered("theme"));
const ofDevice = ref<Theme>(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => (ofDevice.value = dark.matches ? "dark" : "light"));

export const theme = computed(() => chosen.value ?? ofDevice.value);
/** All texts of the page in its language. */
export const texts = computed<Texts>(() => (language.value === "zh" ? zh : en));

watchEffect(() => {
  const { documentElement: root } = document;
  root.lang = language.value === "zh" ? "zh-CN" : "en";
  root.dataset.theme = theme.value;
  document.title = texts.value.title;
});

export function choose(what: Language): void {
  language.value = what;
  remember("language", what);
}

export function paint(what: Theme): void {
  chosen.value = what;
  remember("theme", what);
}

/** A name or title of the sample data in the page's language; anything else as it is. */
export function named(name: string): string {
  return texts.value.samples[name] ?? name;
}

const yuan = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** ¥35,990 */
export function money(amount: number): string {
  return `¥${yuan.format(amount)}`;
}

/** What is left: 02:03. */
export function clock(left: number): string {
  const seconds = Math.ceil(left / 1000);
  return [Math.floor(seconds / 60), seconds % 60].map((part) => `${part}`.padStart(2, "0")).join(":");
}

/** The time of day: 09:41:07. */
export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

// Touching `localStorage` throws where cookies are blocked.
function remembered<Value extends string>(key: string): Value | undefined {
  try {
    return (localStorage.getItem(`suona-demo/${key}`) as Value | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`suona-demo/${key}`, value);
  } catch {
    // Then it is for this visit only.
  }
}
