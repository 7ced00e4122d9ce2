/** Times and prices for people, without `Intl`, which is not on every phone. */

/** ¥1,280.00 */
export function money(yuan: number): string {
  const [whole, cents] = yuan.toFixed(2).split(".");
  return `¥${whole.replace(/\B(?=(\d{3})+$)/g, ",")}.${cents}`;
}

/** What is left: 02:03, or 1:02:03. */
export function clock(left: number): string {
  const seconds = Math.ceil(left / 1000);
  const hours = Math.floor(seconds / 3600);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map(twoDigits);
  return (hours ? [hours, ...parts] : parts).join(":");
}

/** The time of day: 09:41:07. */
export function timeOfDay(at: number): string {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map(twoDigits).join(":");
}

/** What went wrong, and what to do about it; where the backend explains itself, both are the same. */
export function explained({ message, hint }: { message: string; hint: string }): string {
  return message === hint ? message : `${message}${hint}`;
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : `${number}`;
}
