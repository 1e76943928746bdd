/** A point that several services come to before any of them goes on, or say that they will not come. */

/** Where services wait for each other. `R` is why one of them keeps the others back. */
export interface Meeting<R> {
  /** A service is there, or has ended; `refusal` keeps all others back. Only its first word counts. */
  arrive(service: string, refusal?: R): void;
  /** Resolves when all have arrived, with the refusals in the order in which the services were named. */
  readonly all: Promise<ReadonlyMap<string, R>>;
}

/** Makes the meeting of these services. */
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
