// Test tools whose packages bring no types, or none that are found: what is used of them.
declare module "vuex" {
  export function createStore<State>(options: object): Vuex<State>;
  export interface Vuex<State> {
    readonly state: State;
    commit(mutation: string, payload?: unknown): void;
    dispatch(action: string, payload?: unknown): Promise<unknown>;
    watch<Value>(getter: (state: State) => Value, heard: (value: Value) => void): () => void;
  }
}
declare module "vuex3" {
  import type { Vuex } from "vuex";
  const vuex: { Store: new <State>(options: object) => Vuex<State> };
  export default vuex;
}
declare module "miniprogram-simulate" {
  export interface Rendered {
    readonly dom: { readonly innerHTML: string };
    readonly data: Record<string, unknown>;
    attach(parent: object): void;
    detach(): void;
    setData(data: object): void;
  }
  const simulate: {
    load(component: string | object): string;
    render(id: string, properties?: object): Rendered;
    sleep(ms: number): Promise<void>;
  };
  export default simulate;
}
declare module "jsdom" {
  export class JSDOM {
    constructor(html: string);
    readonly window: Record<string, unknown> & { readonly document: { createElement(name: string): object } };
  }
}
