INSERT INTO bi_comune (code, comune, comune_name, province, province_name, region, region_name, macro_area, population, population_class)
