process.env.MUSTER_FORM ??= 'eventstoredb';
