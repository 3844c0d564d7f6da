import { SEGMENTS_API } from '@muster/platform';
import type { Provider, Type } from '@nestjs/common';
import { ChangeSegmentMembersController } from './change-segment-members/change-segment-members.controller';
import { ChangeSegmentMembersHandler } from './change-segment-members/change-segment-members.handler';
import { ChangeSegmentController } from './change-segment/change-segment.controller';
import { ChangeSegmentHandler } from './change-segment/change-segment.handler';
import { CreateSegmentController } from './create-segment/create-segment.controller';
import { CreateSegmentHandler } from './create-segment/create-segment.handler';
import { DeleteSegmentController } from './delete-segment/delete-segment.controller';
import { DeleteSegmentHandler } from './delete-segment/delete-segment.handler';
import { GetSegmentsController } from './get-segments/get-segments.controller';
import { SegmentDetails } from './get-segments/segment-details.query';
import { PreviewSelectionController } from './preview-selection/preview-selection.controller';
import { SegmentsQuery } from './read-models/segments/segments.query';
import { RecalculateSegmentController } from './recalculate-segment/recalculate-segment.controller';
import { RecalculateSegmentHandler } from './recalculate-segment/recalculate-segment.handler';
import { RestoreSegmentController } from './restore-segment/restore-segment.controller';
import { RestoreSegmentHandler } from './restore-segment/restore-segment.handler';
import { SegmentRun } from './segment-runs/segment-run';
import { SegmentRunWorker } from './segment-runs/segment-run.worker';
import { StagedChunks } from './segment-runs/staged-chunks';
import { LocalSegmentsApi } from './segments-api/local-segments-api';
import { SegmentsApiController } from './segments-api/segments-api.controller';
import { Conditions } from './segments/conditions';
import { SegmentDefinitions } from './segments/segment-definitions';
import { SegmentMembership } from './segments/segment-membership';
import { SegmentSelection } from './segments/segment-selection';

/** Segments, their runs and members, and what other services ask of them. */
export const segmentsProviders: Provider[] = [
  ChangeSegmentHandler,
  ChangeSegmentMembersHandler,
  Conditions,
  CreateSegmentHandler,
  DeleteSegmentHandler,
  LocalSegmentsApi,
  RecalculateSegmentHandler,
  RestoreSegmentHandler,
  SegmentDefinitions,
  SegmentDetails,
  SegmentMembership,
  SegmentRun,
  SegmentRunWorker,
  SegmentSelection,
  SegmentsQuery,
  StagedChunks,
  { provide: SEGMENTS_API, useExisting: LocalSegmentsApi },
];

/** `preview` is a path of its own and comes before those with an id. */
export const segmentsControllers: Type[] = [
  PreviewSelectionController,
  CreateSegmentController,
  ChangeSegmentController,
  ChangeSegmentMembersController,
  DeleteSegmentController,
  RecalculateSegmentController,
  RestoreSegmentController,
  GetSegmentsController,
  SegmentsApiController,
];
