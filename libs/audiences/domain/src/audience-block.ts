import type { AudienceEvent } from '@muster/audiences-events';
import { ProfileSet } from '@muster/profile-set';
import type { AudienceBlock } from './audience';

export function initialBlock(): AudienceBlock {
  return { members: ProfileSet.empty(), control: ProfileSet.empty(), pending: null };
}

/** The blocks that an event changes. */
export function changes(event: AudienceEvent): readonly number[] {
  switch (event.type) {
    case 'BuildPlanned':
    case 'BuildLabelled':
    case 'ProfilesEnteredCampaign':
    case 'ProfilesLeftCampaign':
    case 'ProfilesChangedGroup':
      return [event.data.block];
    case 'AudienceBuilt':
      return event.data.blocks;
    default:
      return [];
  }
}

/** Mutates the block it is handed. */
export function evolveBlock(block: AudienceBlock, _number: number, event: AudienceEvent): AudienceBlock {
  switch (event.type) {
    case 'BuildPlanned': {
      const { runId, newcomers, count, codes, leavers } = event.data;
      block.pending = { runId, newcomers, count, codes, leavers };
      break;
    }
    case 'BuildLabelled':
      if (block.pending?.runId === event.data.runId) block.pending.control = event.data.control;
      break;
    case 'AudienceBuilt':
      if (block.pending?.runId === event.data.runId) settle(block, block.pending);
      break;
    case 'ProfilesEnteredCampaign':
      block.members = block.members.union(ProfileSet.decodeBase64(event.data.profiles));
      block.control = block.control.union(ProfileSet.decodeBase64(event.data.control));
      break;
    case 'ProfilesLeftCampaign':
      remove(block, ProfileSet.decodeBase64(event.data.profiles));
      break;
    case 'ProfilesChangedGroup':
      block.control = block.control.difference(ProfileSet.decodeBase64(event.data.profiles));
      break;
    default:
      break;
  }
  return block;
}

function settle(block: AudienceBlock, plan: NonNullable<AudienceBlock['pending']>): void {
  remove(block, ProfileSet.decodeBase64(plan.leavers));
  block.members = block.members.union(ProfileSet.decodeBase64(plan.newcomers));
  if (plan.control !== undefined) block.control = block.control.union(ProfileSet.decodeBase64(plan.control));
  block.pending = null;
}

function remove(block: AudienceBlock, leavers: ProfileSet): void {
  if (leavers.isEmpty) return;
  block.members = block.members.difference(leavers);
  block.control = block.control.difference(leavers);
}

interface StoredBlock {
  readonly members: string;
  readonly control: string;
  readonly pending: AudienceBlock['pending'];
}

export function encodeBlock(block: AudienceBlock): Uint8Array {
  const stored: StoredBlock = {
    members: block.members.encodeBase64(),
    control: block.control.encodeBase64(),
    pending: block.pending,
  };
  return Buffer.from(JSON.stringify(stored));
}

export function decodeBlock(bytes: Uint8Array): AudienceBlock {
  const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredBlock;
  return {
    members: ProfileSet.decodeBase64(stored.members),
    control: ProfileSet.decodeBase64(stored.control),
    pending: stored.pending,
  };
}
