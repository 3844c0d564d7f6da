/** Bytes of JSON data per append: what remains below the store's limit is for types and metadata. */
const BATCH_BYTES = 700_000;

/** Cuts events into as few appends as the store takes, keeping their order. */
export function packed<Event extends { readonly data: unknown }>(events: readonly Event[]): Event[][] {
  const batches: Event[][] = [];
  let room = 0;
  for (const event of events) {
    const bytes = JSON.stringify(event.data).length;
    const last = batches.at(-1);
    if (last && bytes <= room) {
      last.push(event);
      room -= bytes;
    } else {
      batches.push([event]);
      room = BATCH_BYTES - bytes;
    }
  }
  return batches;
}
