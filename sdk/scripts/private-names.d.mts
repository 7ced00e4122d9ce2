export declare function privateNames(folder?: string): RegExp;
