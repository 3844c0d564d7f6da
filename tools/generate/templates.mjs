const pascal = (name) => name.replace(/(^|-)([a-z0-9])/g, (_all, _dash, letter) => letter.toUpperCase());
const camel = (name) => pascal(name).replace(/^./, (letter) => letter.toLowerCase());
const snake = (name) => name.replaceAll('-', '_');

/** `activate-campaign` acts on the aggregate `campaign`: what follows the verb. */
const subjectOf = (name) => name.split('-').slice(1).join('-') || name;
const plural = (name) => (name.endsWith('y') ? `${name.slice(0, -1)}ies` : `${name}s`);

/** Handler, controller and spec of a command; the aggregate is taken for what follows the verb in its name. */
export function commandFiles(context, name) {
  const command = pascal(name);
  const subject = subjectOf(name);
  const [aggregate, id, path] = [camel(subject), `${camel(subject)}Id`, plural(subject)];
  return {
    [`${name}.handler.ts`]: `
import type { Aggregates, Handled } from '@muster/aggregates';
import type { CommandContext } from '@muster/kernel';
import { AGGREGATES } from '@muster/platform';
import { Inject } from '@nestjs/common';
import { CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import { ${aggregate}Aggregate } from '../${path}/${subject}.aggregates';

export class ${command} {
  constructor(
    readonly ${id}: string,
    readonly context: CommandContext,
  ) {}
}

@CommandHandler(${command})
export class ${command}Handler implements ICommandHandler<${command}, Handled> {
  constructor(@Inject(AGGREGATES) private readonly aggregates: Aggregates) {}

  execute({ ${id}, context }: ${command}): Promise<Handled> {
    return this.aggregates.handle(${aggregate}Aggregate, ${id}, { type: '${command}', data: {} }, context);
  }
}
`,
    [`${name}.controller.ts`]: `
import type { Handled } from '@muster/aggregates';
import { ApiProblems, CommandContext, Roles, answer, type Answer } from '@muster/platform';
import { Controller, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { ${command} } from './${name}.handler';

class ${command}AnswerDto {
  @ApiProperty({ format: 'uuid' })
  ${id}!: string;
}

@ApiTags('${context}')
@Controller('${path}')
export class ${command}Controller {
  constructor(private readonly commands: CommandBus) {}

  @Post(':${id}/${name}')
  @HttpCode(200)
  @Roles('marketer')
  @ApiOperation({ summary: '${command.replace(/(?!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`)}' })
  @ApiOkResponse({ type: ${command}AnswerDto })
  @ApiProblems('REVISION_STALE')
  async ${camel(name)}(
    @Param('${id}', ParseUUIDPipe) ${id}: string,
    @CommandContext() context: CommandContext,
  ): Promise<Answer<${command}AnswerDto>> {
    const handled = await this.commands.execute<${command}, Handled>(new ${command}(${id}, context));
    return answer(handled, { ${id} }, { status: 200 });
  }
}
`,
    [`${name}.int.spec.ts`]: `
import { startTestApp, type TestApp } from '@muster/platform/testing';
import { ${pascal(context)}Module } from '../${context}.module';

let muster: TestApp;
beforeAll(async () => {
  muster = await startTestApp([${pascal(context)}Module]);
});
afterAll(() => muster.close());

describe('${name.replaceAll('-', ' ')}', () => {
  it('is done for one that exists', async () => {
    const ${id} = 'create one first';
    const { status } = await muster.request('POST', \`/api/v1/${path}/\${${id}}/${name}\`);
    expect(status).toBe(200);
  });
});
`,
  };
}

/** Projection, entity, query and spec of a read model. */
export function readModelFiles(context, name) {
  const [type, value, table] = [pascal(name), camel(name), snake(name)];
  return {
    [`${name}.projection.ts`]: `
import type { Projection } from '@muster/projections';

export const ${value}Projection: Projection = {
  name: '${table}',
  version: 1,
  categories: [],
  handles: [],
  ignores: [],
  tables: ['${table}'],

  async create(client) {
    await client.query('CREATE TABLE ${table} (id uuid PRIMARY KEY, changed_at timestamptz NOT NULL)');
  },

  async apply(events, client) {
    for (const { stream, metadata } of events) {
      await client.query(
        \`INSERT INTO ${table} (id, changed_at) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET changed_at = excluded.changed_at\`,
        [stream.slice(stream.indexOf('-') + 1), metadata.time],
      );
    }
  },
};
`,
    [`${name}.entity.ts`]: `
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Written by \`${value}Projection\` alone. */
@Entity({ name: '${table}', synchronize: false })
export class ${type}Entity {
  @PrimaryColumn({ type: 'uuid' })
  id!: string;

  @Column({ name: 'changed_at', type: 'timestamptz' })
  changedAt!: Date;
}
`,
    [`${name}.query.ts`]: `
import { newestFirst, type Page } from '@muster/platform';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import type { Repository } from 'typeorm';
import { ${type}Entity } from './${name}.entity';

@Injectable()
export class ${type}Query {
  constructor(@InjectRepository(${type}Entity, '${context}') private readonly rows: Repository<${type}Entity>) {}

  list(limit: number, cursor?: string): Promise<Page<${type}Entity>> {
    return newestFirst(this.rows.createQueryBuilder('row'), { at: 'changedAt', id: 'id' }, limit, cursor);
  }
}
`,
    [`${name}.int.spec.ts`]: `
import { ${value}Projection } from './${name}.projection';

describe('the read model ${name}', () => {
  it('follows its events', () => {
    expect(${value}Projection.handles).not.toEqual([]);
  });
});
`,
  };
}
