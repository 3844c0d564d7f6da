import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Public, Roles } from '../http/access.decorators';
import { Metrics } from './metrics';
import { ReadinessProbe, type Readiness } from './readiness';

/** For whatever keeps the process running: an orchestrator, Prometheus. Not below `/api/v1`. */
@ApiTags('operations')
@Controller()
export class OperationsController {
  constructor(
    private readonly probe: ReadinessProbe,
    private readonly metrics: Metrics,
  ) {}

  @Public()
  @Get('health/live')
  @ApiOperation({ summary: 'Whether the process runs. Restart it where this does not answer.' })
  @ApiOkResponse({ schema: { example: { status: 'live' } } })
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  @Public()
  @Get('health/ready')
  @ApiOperation({ summary: 'Whether the process should get requests; 503 with reasons where it should not.' })
  @ApiOkResponse({ schema: { example: { status: 'ready', reasons: [] } } })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.probe.check();
    void reply.header('cache-control', 'no-store').code(readiness.status === 'unavailable' ? 503 : 200);
    return readiness;
  }

  @Roles('operator', 'service')
  @Get('metrics')
  @ApiOperation({ summary: 'Figures in the format of Prometheus.' })
  @ApiOkResponse({ content: { 'text/plain': { schema: { type: 'string' } } } })
  async figures(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const { contentType, text } = await this.metrics.exposition();
    void reply.header('content-type', contentType);
    return text;
  }
}
