/** Server settings by name, as in postgresql.conf (`{ work_mem: '32MB' }`). */
export type PostgresSettings = Readonly<Record<string, string | number | boolean>>;

/**
 * Defaults of a server that keeps data: everything durable (fsync and synchronous_commit stay on), sized for one
 * machine that also runs the services. Nothing replicates from it, so the log is kept minimal, which lets COPY into a
 * table of the same transaction skip it.
 */
export const durableSettings: PostgresSettings = {
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '32MB',
  maintenance_work_mem: '256MB',
  max_connections: 200,
  max_wal_size: '2GB',
  min_wal_size: '256MB',
  wal_level: 'minimal',
  max_wal_senders: 0,
  checkpoint_timeout: '15min',
  random_page_cost: 1.1,
  jit: false,
};

/** For data that may be lost with the machine: tests only. */
export const throwawaySettings: PostgresSettings = {
  ...durableSettings,
  shared_buffers: '128MB',
  maintenance_work_mem: '64MB',
  // Several Musters of 65 connections each, and what those that were killed have left for a moment.
  max_connections: 500,
  fsync: false,
  synchronous_commit: false,
  full_page_writes: false,
};

/** The settings as arguments of `postgres`. */
export function settingArguments(settings: PostgresSettings): string[] {
  return Object.entries(settings).flatMap(([name, value]) => {
    if (!/^[a-z_][a-z0-9_.]*$/.test(name)) throw new TypeError(`not the name of a Postgres setting: ${name}`);
    return ['-c', `${name}=${typeof value === 'boolean' ? (value ? 'on' : 'off') : String(value)}`];
  });
}
