import type { AudienceEvent } from '@muster/audiences-events';
import { unreachable, type BlockDecider } from '@muster/kernel';
import type { AudienceBlock, AudienceCommand, AudienceHead } from './audience';
import { changes, decodeBlock, encodeBlock, evolveBlock, initialBlock } from './audience-block';
import { evolveHead, initialHead } from './audience-head';
import {
  abandonment,
  abandonRun,
  campaignOf,
  cancelBuild,
  closeBuild,
  labelBuild,
  planBlocks,
  releaseControl,
  startBuild,
} from './build-audience';
import { applySegmentChange, excludeAll } from './follow-segment';

/** The audience of one campaign: every decision on who is in it and in which group. */
export const audience: BlockDecider<AudienceHead, AudienceBlock, AudienceCommand, AudienceEvent> = {
  initialHead,
  initialBlock,
  touches(command, head) {
    switch (command.type) {
      case 'PlanBlocks':
        return command.blocks.map(({ block }) => block);
      case 'LabelBuild':
        return head.build?.changed ?? [];
      case 'ReleaseControl':
        return head.blocks;
      case 'ApplySegmentChange':
      case 'ExcludeAll':
        return command.blocks;
      default:
        return [];
    }
  },
  decide(command, head, blocks) {
    switch (command.type) {
      case 'StartBuild':
        return startBuild(command, head);
      case 'PlanBlocks':
        return planBlocks(command, head, blocks);
      case 'LabelBuild':
        return labelBuild(command, head, blocks);
      case 'ReleaseControl':
        return releaseControl(command, head, blocks);
      case 'CloseBuild':
        return closeBuild(command, head);
      case 'AbandonRun':
        return abandonRun(command, head);
      case 'CancelBuild':
        return cancelBuild(command, head);
      case 'ReportBuildFailure':
        return reportBuildFailure(command, head);
      case 'ApplySegmentChange':
        return applySegmentChange(command, head, blocks);
      case 'Pause':
        return pause(head);
      case 'ExcludeAll':
        return [...abandonment(head, true), ...excludeAll(command, head, blocks)];
      default:
        return unreachable(command);
    }
  },
  evolveHead,
  changes,
  evolveBlock,
};

/** How head and blocks are kept; a change of either needs another version. */
export const audienceSnapshot = {
  version: 1,
  encodeHead: (head: AudienceHead): Uint8Array => Buffer.from(JSON.stringify(head)),
  decodeHead: (bytes: Uint8Array): AudienceHead => JSON.parse(Buffer.from(bytes).toString('utf8')) as AudienceHead,
  encodeBlock,
  decodeBlock,
};

function pause(head: AudienceHead): AudienceEvent[] {
  return head.status === 'active' ? [{ type: 'AudiencePaused', data: { campaignId: campaignOf(head) } }] : [];
}

function reportBuildFailure(
  { campaignId, buildId, reason }: { campaignId: string; buildId: string; reason: string },
  head: AudienceHead,
): AudienceEvent[] {
  return head.closedBuildId === buildId ? [] : [{ type: 'AudienceBuildFailed', data: { campaignId, buildId, reason } }];
}
