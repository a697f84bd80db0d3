INSERT INTO bi_service (id, service, service_name_it, service_name_en, service_name_de, category)
