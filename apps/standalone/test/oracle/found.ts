import type { Step } from './step';

/** Histories that showed a fault once, as short as they could be made. */
export const found: readonly { readonly name: string; readonly steps: readonly Step[] }[] = [];
