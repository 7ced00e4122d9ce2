export function reference(): string;
