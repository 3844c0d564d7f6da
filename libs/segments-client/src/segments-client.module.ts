import { Dependencies, SEGMENTS_API } from '@muster/platform';
import { Inject, Logger, Module, type DynamicModule, type OnApplicationBootstrap } from '@nestjs/common';
import { CallFigures } from './call-figures';
import { HttpSegmentsApi } from './http-segments-api';

export interface SegmentsConnection {
  readonly segmentsUrl: string;
  readonly serviceApiKey: string;
}

/** Binds `SEGMENTS_API` to the segments service of another process. */
@Module({})
export class SegmentsClientModule implements OnApplicationBootstrap {
  private readonly logger = new Logger('Segments');

  constructor(
    @Inject(SEGMENTS_API) private readonly segments: HttpSegmentsApi,
    private readonly dependencies: Dependencies,
    private readonly figures: CallFigures,
  ) {}

  static forRoot({ segmentsUrl: url, serviceApiKey: apiKey }: SegmentsConnection): DynamicModule {
    return {
      module: SegmentsClientModule,
      global: true,
      providers: [
        CallFigures,
        {
          provide: SEGMENTS_API,
          inject: [CallFigures],
          useFactory: ({ observe }: CallFigures) => new HttpSegmentsApi({ url, apiKey, onCall: observe }),
        },
      ],
      exports: [SEGMENTS_API],
    };
  }

  /** Nothing waits here: what needs an answer asks again until it gets one, and readiness says what is missing. */
  async onApplicationBootstrap(): Promise<void> {
    this.figures.watchBreaker(() => this.segments.breakerIsOpen);
    this.dependencies.add(() => this.segments.unreachable());
    const reason = await this.segments.unreachable();
    if (reason !== null) this.logger.warn(`${reason}: builds wait for it, and what asks it answers 503`);
  }
}
