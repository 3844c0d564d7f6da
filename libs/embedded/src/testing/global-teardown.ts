/** Jest's `globalTeardown`, the counterpart of global-setup. */
export default async function stopServer(): Promise<void> {
  await globalThis.musterTestServer?.stop();
}
