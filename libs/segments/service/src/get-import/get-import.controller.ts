import { ApiProblems, cursorInvalid, pageCursor, PageQuery, Roles, watch } from '@muster/platform';
import {
  Controller,
  Get,
  Header,
  Param,
  ParseUUIDPipe,
  Query,
  Req,
  Sse,
  StreamableFile,
  type MessageEvent,
} from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiProperty, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import { ImportRecords } from '../import-profiles/import-records';
import { ImportView, viewOf } from '../import-profiles/import-view';
import { RejectedRow, RejectedRows } from './rejected-rows';

class ImportPage {
  @ApiProperty({ type: [ImportView] }) items!: readonly ImportView[];
  @ApiProperty({ nullable: true, type: String }) nextCursor!: string | null;
}

class RejectedRowPage {
  @ApiProperty({ type: [RejectedRow] }) items!: readonly RejectedRow[];
  @ApiProperty({ nullable: true, type: String }) nextCursor!: string | null;
}

@ApiTags('imports')
@Roles('marketer', 'analyst', 'operator')
@Controller()
export class GetImportController {
  constructor(
    private readonly records: ImportRecords,
    private readonly rejected: RejectedRows,
  ) {}

  @Get('imports/:importId')
  @ApiOperation({ summary: 'How far an import is, and what came of its rows' })
  @ApiOkResponse({ type: ImportView })
  @ApiProblems('IMPORT_NOT_FOUND')
  async import(@Param('importId', ParseUUIDPipe) importId: string): Promise<ImportView> {
    return viewOf(await this.records.get(importId));
  }

  @Sse('imports/:importId/events')
  @ApiOperation({ summary: 'The import whenever it changed, until it ends (server-sent events)' })
  @ApiOkResponse({ type: ImportView })
  @ApiProblems('IMPORT_NOT_FOUND')
  events(@Param('importId', ParseUUIDPipe) importId: string, @Req() request: FastifyRequest): Observable<MessageEvent> {
    return watch(request, () => this.import(importId), {
      until: ({ state }) => state === 'completed' || state === 'failed',
    });
  }

  @Get('imports/:importId/rejected-rows')
  @ApiOperation({ summary: 'Rows that were not taken, in the order of the file' })
  @ApiOkResponse({ type: RejectedRowPage })
  @ApiProblems('IMPORT_NOT_FOUND', 'CURSOR_INVALID')
  async rejectedRows(
    @Param('importId', ParseUUIDPipe) importId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<RejectedRowPage> {
    await this.records.get(importId);
    const items = await this.rejected.page(importId, cursor === undefined ? 0 : rowOf(cursor), limit);
    const last = items.length === limit ? items.at(-1) : undefined;
    return { items, nextCursor: last ? pageCursor.encode({ row: last.row }) : null };
  }

  @Get('imports/:importId/rejected-rows.csv')
  @Header('content-type', 'text/csv; charset=utf-8')
  @Header('content-disposition', 'attachment; filename="rejected-rows.csv"')
  @ApiOperation({ summary: 'All rejected rows as CSV' })
  @ApiProduces('text/csv')
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiProblems('IMPORT_NOT_FOUND')
  async download(@Param('importId', ParseUUIDPipe) importId: string): Promise<StreamableFile> {
    await this.records.get(importId);
    return new StreamableFile(Readable.from(this.rejected.csv(importId), { objectMode: false }));
  }

  @Get('profile-databases/:databaseId/imports')
  @ApiOperation({ summary: 'The imports of a profile database, the newest first' })
  @ApiOkResponse({ type: ImportPage })
  @ApiProblems('CURSOR_INVALID')
  async imports(
    @Param('databaseId', ParseUUIDPipe) databaseId: string,
    @Query() { limit, cursor }: PageQuery,
  ): Promise<ImportPage> {
    const records = await this.records.page(databaseId, cursor === undefined ? null : placeOf(cursor), limit);
    const last = records.length === limit ? records.at(-1) : undefined;
    return {
      items: records.map(viewOf),
      nextCursor: last ? pageCursor.encode({ createdAt: last.createdAt.toISOString(), importId: last.importId }) : null,
    };
  }
}

function rowOf(cursor: string): number {
  const { row } = pageCursor.decode(cursor);
  if (typeof row !== 'number' || !Number.isSafeInteger(row)) throw cursorInvalid();
  return row;
}

function placeOf(cursor: string): { readonly createdAt: string; readonly importId: string } {
  const { createdAt, importId } = pageCursor.decode(cursor);
  const valid = typeof createdAt === 'string' && typeof importId === 'string' && !Number.isNaN(Date.parse(createdAt));
  if (!valid || !/^[0-9a-f-]{36}$/.test(importId)) throw cursorInvalid();
  return { createdAt, importId };
}
