/** A set event takes some 20 kB, so that a page of a thousand of them would be 20 MB. */
export const PAGE_BYTES = 4 * 1024 * 1024;

/** What still goes into a page: so many items and bytes, but always one item. */
export class PageRoom {
  private items = 0;
  private bytes = 0;

  constructor(
    private readonly limit: number,
    private readonly maxBytes = PAGE_BYTES,
  ) {}

  get isFull(): boolean {
    return this.items >= this.limit || this.bytes >= this.maxBytes;
  }

  /** Takes an item, where there is room for it. */
  take(item: object): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(item));
    if (this.isFull || (this.items > 0 && this.bytes + bytes > this.maxBytes)) return false;
    this.items++;
    this.bytes += bytes;
    return true;
  }
}
