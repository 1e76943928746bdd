/** A point at which several services wait for each other. Each one arrives, or says that it will not come. */

/** A meeting of services. `R` is the reason why one of them keeps the others back. */
export interface Meeting<R> {
  /**
   * Call it when a service is there or has ended. A `refusal` keeps all others back. Only the first call of a service
   * counts.
   */
  arrive(service: string, refusal?: R): void;
  /** Resolves when all have arrived. Holds the refusals in the order in which the services were named. */
  readonly all: Promise<ReadonlyMap<string, R>>;
}

/** Makes a meeting that each of these services has to come to. */
export function createMeeting<R>(services: readonly string[]): Meeting<R> {
  const missing = new Set(services);
  const refusals = new Map<string, R>();
  let open: (refusals: ReadonlyMap<string, R>) => void = () => undefined;
  const all = new Promise<ReadonlyMap<string, R>>((resolve) => {
    open = resolve;
  });
  return {
    arrive(service, refusal) {
      if (!missing.delete(service)) return;
      if (refusal !== undefined) refusals.set(service, refusal);
      if (missing.size > 0) return;
      open(new Map([...refusals].sort(([a], [b]) => services.indexOf(a) - services.indexOf(b))));
    },
    all,
  };
}
