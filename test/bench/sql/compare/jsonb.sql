INSERT INTO bench.sides VALUES ('compare', 'jsonb in SQL', 'to_jsonb_value',
    '(SELECT CASE WHEN ahead AND behind THEN ''concurrent'' WHEN ahead THEN ''after''
                  WHEN behind THEN ''before'' ELSE ''equal'' END
      FROM (SELECT bool_or(coalesce(x.value > y.value, y.value IS NULL)) AS ahead,
                   bool_or(coalesce(x.value < y.value, x.value IS NULL)) AS behind
            FROM jsonb_each(a) AS x FULL JOIN jsonb_each(b) AS y USING (key)) AS order_of_two)',
    'result = compared');
