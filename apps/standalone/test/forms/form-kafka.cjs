process.env.MUSTER_FORM ??= 'kafka';
