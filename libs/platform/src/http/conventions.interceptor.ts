import { DomainError } from '@muster/kernel';
import type { Position } from '@muster/event-store';
import type { Projections } from '@muster/projections';
import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { SSE_METADATA } from '@nestjs/common/constants';
import { ModuleRef, Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { finalize, map, ReplaySubject, type Observable } from 'rxjs';
import { projectionsToken } from '../context/inject';
import { Answer } from './answer';
import { READS_MODEL_METADATA, type ReadsModelTarget } from './reads-model.decorator';
import { headerOf, invalidHeader } from './request-scope';

const WAIT_FOR_READ_MODEL_MS = 2_000;

/** Waits for the read model before a handler that asks for it, and puts the headers of an {@link Answer} on the reply. */
@Injectable()
export class ConventionsInterceptor implements NestInterceptor {
  constructor(
    private readonly reflector: Reflector,
    private readonly modules: ModuleRef,
  ) {}

  async intercept(execution: ExecutionContext, next: CallHandler<unknown>): Promise<Observable<unknown>> {
    const http = execution.switchToHttp();
    const target = this.reflector.get<ReadsModelTarget | undefined>(READS_MODEL_METADATA, execution.getHandler());
    if (target) await this.waitForReadModel(target, http.getRequest<FastifyRequest>());
    if (this.reflector.get<boolean | undefined>(SSE_METADATA, execution.getHandler())) return begun(next.handle());
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(map((result) => (isAnswer(result) ? result.applyTo(reply) : result)));
  }

  private async waitForReadModel(target: ReadsModelTarget, request: FastifyRequest): Promise<void> {
    const position = headerOf(request, 'muster-min-position');
    if (position === undefined || position === '') return;
    if (!/^[\x21-\x7e]{1,100}$/.test(position)) throw invalidHeader('Muster-Min-Position', 'a Muster-Position');
    const projections = this.modules.get<Projections>(projectionsToken(target.context), { strict: false });
    if (await projections.waitFor(target.projection, position as Position, WAIT_FOR_READ_MODEL_MS)) return;
    throw new DomainError('READ_MODEL_BEHIND', {
      detail: 'What was written at that position cannot be read yet. Try again in a second.',
    });
  }
}

function isAnswer(result: unknown): result is Answer<unknown> {
  return result instanceof Answer;
}

/** Resolves at the first event, so that what fails before it is answered as a problem and not inside a 200. */
function begun(source: Observable<unknown>): Promise<Observable<unknown>> {
  return new Promise((resolve, reject) => {
    const events = new ReplaySubject<unknown>();
    const stream = events.pipe(finalize(() => subscription.unsubscribe()));
    const subscription = source.subscribe({
      next(event) {
        events.next(event);
        resolve(stream);
      },
      error(error: unknown) {
        events.error(error);
        reject(error instanceof Error ? error : new Error(String(error)));
      },
      complete() {
        events.complete();
        resolve(stream);
      },
    });
  });
}
