export const root: string;
export const entries: readonly { readonly name: string; readonly source: string; readonly wechat?: boolean }[];
