/** Where an event came from: the event of its stream that it tells, and the how-manieth of those that tell it. */
export interface Mark {
  readonly revision: number;
  readonly n: number;
}

const ID = /^(.+)\/(\d+)\/(\d+)$/;

/** Reads `<stream>/<revision>/<n>`, the id of every event of Muster. */
export function originOf(id: string): Mark & { readonly stream: string } {
  const [, stream, revision, n] = ID.exec(id) ?? [];
  if (stream === undefined) throw new Error(`${id} is no id of an event of Muster`);
  return { stream, revision: Number(revision), n: Number(n) };
}

/** Events of a stream come in their order. What is not beyond its last mark was here before. */
export function isNew(mark: Mark, last: Mark | undefined): boolean {
  if (!last) return true;
  return mark.revision > last.revision || (mark.revision === last.revision && mark.n > last.n);
}
