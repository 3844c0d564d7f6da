import { DomainError } from '@muster/kernel';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** `?limit&cursor` of every list. */
export class PageQuery {
  @ApiPropertyOptional({ minimum: 1, maximum: 1000, default: 50, description: 'Items of one page.' })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1000)
  limit = 50;

  @ApiPropertyOptional({ description: 'The `nextCursor` of the page before; absent for the first page.' })
  @IsOptional()
  @IsString()
  @MaxLength(2000)
  cursor?: string;
}

/** Cursors are opaque to callers: the place where a page ended, as base64url of JSON. */
export const pageCursor = {
  encode(place: Readonly<Record<string, unknown>>): string {
    return Buffer.from(JSON.stringify(place)).toString('base64url');
  },

  /** Throws `CURSOR_INVALID`. The caller still checks the members: people can make up a cursor. */
  decode(text: string): Readonly<Record<string, unknown>> {
    let place: unknown;
    try {
      place = JSON.parse(Buffer.from(text, 'base64url').toString());
    } catch {
      place = undefined;
    }
    if (typeof place !== 'object' || place === null || Array.isArray(place)) throw cursorInvalid();
    return place as Record<string, unknown>;
  },
};

/** For a cursor that decodes, and does not hold what this list puts into it. */
export function cursorInvalid(): DomainError {
  return new DomainError('CURSOR_INVALID', {
    detail: 'The cursor must be the nextCursor of a page of this list.',
  });
}
