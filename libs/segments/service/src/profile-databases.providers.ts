import type { Provider, Type } from '@nestjs/common';
import { AddFieldController } from './add-field/add-field.controller';
import { AddFieldHandler } from './add-field/add-field.handler';
import { CreateProfileDatabaseController } from './create-profile-database/create-profile-database.controller';
import { CreateProfileDatabaseHandler } from './create-profile-database/create-profile-database.handler';
import { DeleteProfileDatabaseController } from './delete-profile-database/delete-profile-database.controller';
import { DeleteProfileDatabaseHandler } from './delete-profile-database/delete-profile-database.handler';
import { GetImportController } from './get-import/get-import.controller';
import { RejectedRows } from './get-import/rejected-rows';
import { FieldValues } from './get-profile-database/field-values.query';
import { GetProfileDatabaseController } from './get-profile-database/get-profile-database.controller';
import { BatchWriter } from './import-profiles/batch-writer';
import { ImportFigures } from './import-profiles/import-figures';
import { ImportProfilesController } from './import-profiles/import-profiles.controller';
import { ImportRecords } from './import-profiles/import-records';
import { ImportRun } from './import-profiles/import-run';
import { SegmentFill } from './import-profiles/segment-fill';
import { ImportWorker } from './import-profiles/import.worker';
import { ProfileImports } from './import-profiles/profile-imports';
import { ImportLimits } from './import-profiles/file-bytes';
import { Upload } from './import-profiles/upload';
import { Profiles } from './profiles/profiles';
import { TableUpkeep } from './profiles/table-upkeep';
import { TypedTables } from './profiles/typed-tables';
import { ProfileDatabasesQuery } from './read-models/profile-databases/profile-databases.query';
import { Interactions } from './record-interactions/interactions';
import { RecordInteractionsController } from './record-interactions/record-interactions.controller';
import { RecordInteractionsHandler } from './record-interactions/record-interactions.handler';
import { RemoveFieldController } from './remove-field/remove-field.controller';
import { RemoveFieldHandler } from './remove-field/remove-field.handler';
import { RenameProfileDatabaseController } from './rename-profile-database/rename-profile-database.controller';
import { RenameProfileDatabaseHandler } from './rename-profile-database/rename-profile-database.handler';
import { Stratifications } from './strata/stratifications';

/** Profile databases, their profiles and imports. */
export const profileDatabasesProviders: Provider[] = [
  AddFieldHandler,
  BatchWriter,
  CreateProfileDatabaseHandler,
  DeleteProfileDatabaseHandler,
  FieldValues,
  ImportFigures,
  ImportLimits,
  ImportRecords,
  ImportRun,
  SegmentFill,
  ImportWorker,
  ProfileDatabasesQuery,
  ProfileImports,
  Interactions,
  Profiles,
  RecordInteractionsHandler,
  RejectedRows,
  RemoveFieldHandler,
  RenameProfileDatabaseHandler,
  Stratifications,
  TableUpkeep,
  TypedTables,
  Upload,
];

export const profileDatabasesControllers: Type[] = [
  AddFieldController,
  CreateProfileDatabaseController,
  DeleteProfileDatabaseController,
  GetImportController,
  GetProfileDatabaseController,
  ImportProfilesController,
  RecordInteractionsController,
  RemoveFieldController,
  RenameProfileDatabaseController,
];
