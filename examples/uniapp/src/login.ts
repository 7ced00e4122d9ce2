/** Who the user is: on WeChat by `wx.login`, elsewhere by a name that is typed in. */

import { ref } from "vue";

const NAME = "name";

/** The user's name, once it is known. */
export const me = ref("");

/** Remembers how the user wants to be called, where there is no other way to find out. */
export function introduce(name: string): void {
  uni.setStorageSync(NAME, name);
  me.value = name;
}

/** Whether the user can be logged in without being asked anything. */
export function isKnown(): boolean {
  // #ifdef MP-WEIXIN
  return true;
  // #endif
  // #ifndef MP-WEIXIN
  me.value = uni.getStorageSync(NAME);
  return me.value !== "";
  // #endif
}

/** Gets a token from the backend. What fails here is tried again by the connection. */
export async function login(): Promise<string> {
  const { data } = await uni.request({ url: `${import.meta.env.VITE_BACKEND}/login`, method: "POST", data: await proof() });
  const answer = data as { token: string; user: string; error?: { message: string } };
  if (answer.error) throw new Error(answer.error.message);
  me.value = answer.user;
  return answer.token;
}

/** What the backend takes for who we are. */
async function proof(): Promise<{ code: string } | { name: string }> {
  // #ifdef MP-WEIXIN
  const { code } = await uni.login();
  return { code };
  // #endif
  // #ifndef MP-WEIXIN
  return { name: me.value };
  // #endif
}
