DROP TABLE catalogue_extensions;
