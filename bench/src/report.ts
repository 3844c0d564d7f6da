import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Pool } from 'pg';
import type { Figure } from './figure';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** Bytes. */
  readonly memory: number;
  readonly node: string;
  readonly postgres: string;
  /** Of the last minute, when the report was made: above the number of cores, others were at work too. */
  readonly load: number;
}

/** A figure with what it says about its goal. */
export interface ReportedFigure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  readonly floor: number | null;
  readonly ratio: number | null;
  readonly must: number | null;
  readonly aim: number | null;
  /** Null where there is no goal. */
  readonly met: boolean | null;
}

export interface Report {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly machine: Machine;
  readonly figures: readonly ReportedFigure[];
}

/** Goals hold for ratios, and for the value itself where there is no floor. */
export function reported(figure: Figure): ReportedFigure {
  const { name, unit, value, floor = null, ratio = null, must = null, aim = null, higherIsBetter = false } = figure;
  const judged = ratio ?? value;
  const met = must === null ? null : higherIsBetter ? judged >= must : judged <= must;
  return {
    name,
    unit,
    value: round(value),
    floor: floor === null ? null : round(floor),
    ratio: ratio === null ? null : round(ratio),
    must,
    aim,
    met,
  };
}

export async function machineOf(pool: Pool): Promise<Machine> {
  const { rows } = await pool.query<{ server_version: string }>('SHOW server_version');
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: totalmem(),
    node: process.version,
    postgres: rows[0]?.server_version ?? 'unknown',
    load: round(loadavg()[0] ?? 0),
  };
}

export async function writeReport(file: string, report: Report): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
}

/** For people: a line for each figure, missed goals marked. */
export function table(figures: readonly ReportedFigure[]): string {
  const head = ['figure', 'value', 'floor', 'ratio', 'must', 'aim', ''];
  const lines = figures.map(({ name, unit, value, floor, ratio, must, aim, met }) => [
    name,
    `${shown(value)} ${unit}`,
    shown(floor),
    shown(ratio),
    shown(must),
    shown(aim),
    met === null ? '' : met ? 'met' : 'MISSED',
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((cells) => (cells[i] ?? '').length)));
  return [head, ...lines]
    .map((cells) =>
      cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '),
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function shown(value: number | null): string {
  return value === null ? '-' : String(round(value));
}
