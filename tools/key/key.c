#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tools/file.h>
#include <tools/key/key.h>
#include <tools/say.h>
#include <unistd.h>

#define KEY_BITS 3072
#define KEY_EXPONENT_MIN 65537u
#define KEY_FILE_MAX 65536
#define SALT_SIZE 32

struct key {
    EVP_PKEY *pkey;
    bool is_private;
    struct key_public public;
};

static bool crypto_failed(const char *what)
{
    char text[256];
    unsigned long code = ERR_get_error();
    ERR_error_string_n(code, text, sizeof(text));
    return say_error("%s failed: %s", what, code != 0 ? text : "no reason given");
}

void key_free(struct key **key)
{
    if (*key == NULL)
        return;
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

bool key_is_private(const struct key *key)
{
    return key->is_private;
}

void key_public(const struct key *key, struct key_public *out)
{
    *out = key->public;
}

/* Fills key->public; false, unsaid, when the key is none that packages may be signed with. */
static bool read_public(struct key *key)
{
    BIGNUM *n = NULL;
    BIGNUM *e = NULL;
    bool good =
        EVP_PKEY_is_a(key->pkey, "RSA") && EVP_PKEY_get_bits(key->pkey) == KEY_BITS &&
        EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
        EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
        BN_bn2binpad(n, key->public.modulus, PACKAGE_MODULUS_SIZE) == (int)PACKAGE_MODULUS_SIZE &&
        BN_num_bits(e) <= 32 && BN_get_word(e) >= KEY_EXPONENT_MIN;
    if (good)
        key->public.exponent = (uint32_t)BN_get_word(e);
    BN_free(n);
    BN_free(e);
    return good;
}

/* Takes the OpenSSL key over. */
static bool wrap(EVP_PKEY *pkey, bool is_private, const char *name, struct key **out)
{
    struct key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return say_error("out of memory");
    }
    key->pkey = pkey;
    key->is_private = is_private;
    if (!read_public(key)) {
        key_free(&key);
        return say_error("%s is not an RSA key of %d bits", name, KEY_BITS);
    }
    *out = key;
    return true;
}

bool key_generate(struct key **out)
{
    EVP_PKEY *pkey = EVP_RSA_gen(KEY_BITS);
    if (pkey == NULL)
        return crypto_failed("making a key");
    return wrap(pkey, true, "the new key", out);
}

static void warn_if_readable(const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH | S_IWGRP | S_IWOTH)) != 0)
        say_note("warning: the private key %s is open to other users (mode %04o); chmod 600 closes "
                 "it",
                 path, (unsigned int)(st.st_mode & 07777));
}

bool key_load(const char *path, struct key **out)
{
    FILE_BYTES file = {.bytes = NULL};
    if (!file_read(path, KEY_FILE_MAX, &file))
        return false;
    bool is_private = strstr((const char *)file.bytes, "PRIVATE KEY-----") != NULL;
    BIO *bio = BIO_new_mem_buf(file.bytes, (int)file.size);
    EVP_PKEY *pkey = NULL;
    if (bio != NULL)
        pkey = is_private ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
                          : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    OPENSSL_cleanse(file.bytes, file.size);
    ERR_clear_error();
    if (pkey == NULL)
        return say_error("%s holds no key in PEM form%s", path,
                         is_private ? " that can be read (damaged, or a wrong pass phrase)" : "");
    if (is_private)
        warn_if_readable(path);
    return wrap(pkey, is_private, path, out);
}

bool key_digest(const void *bytes, size_t size, uint8_t digest[32])
{
    if (EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL) == 1)
        return true;
    return crypto_failed("SHA-256");
}

bool key_signer(const struct key_public *key, uint8_t signer[PACKAGE_SIGNER_SIZE])
{
    uint8_t name[PACKAGE_MODULUS_SIZE + 4];
    memcpy(name, key->modulus, PACKAGE_MODULUS_SIZE);
    for (unsigned int i = 0; i < 4; i++)
        name[PACKAGE_MODULUS_SIZE + i] = (uint8_t)(key->exponent >> (24 - 8 * i));
    return key_digest(name, sizeof(name), signer);
}

bool key_sign(const struct key *key, const void *bytes, size_t size,
              uint8_t signature[PACKAGE_SIGNATURE_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *pkey = NULL; /* belongs to context */
    size_t length = PACKAGE_SIGNATURE_SIZE;
    bool good = context != NULL &&
                EVP_DigestSignInit(context, &pkey, EVP_sha256(), NULL, key->pkey) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
                EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, SALT_SIZE) == 1 &&
                EVP_DigestSign(context, signature, &length, bytes, size) == 1 &&
                length == PACKAGE_SIGNATURE_SIZE;
    EVP_MD_CTX_free(context);
    return good ? true : crypto_failed("signing");
}

/* The text of the trust file. */
static char *trust_text(const struct key *key, const char *apps)
{
    char modulus[2 * PACKAGE_MODULUS_SIZE + 1];
    for (size_t i = 0; i < PACKAGE_MODULUS_SIZE; i++)
        (void)snprintf(modulus + 2 * i, 3, "%02x", key->public.modulus[i]);
    return file_name("# The public half of a signing key: a TEE that finds this file in its trust\n"
                     "# folder runs apps that were signed with the private half.\n"
                     "modulus = %s\nexponent = %u\n%s",
                     modulus, key->public.exponent, apps);
}

/* The private key as PEM text in memory that is wiped by BIO_free. */
static BIO *private_text(const struct key *key)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    if (bio != NULL &&
        PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1)
        return bio;
    BIO_free(bio);
    (void)crypto_failed("writing the key");
    return NULL;
}

/* As key_write; when `raced` is not NULL a private key that is there is no error but sets *raced. */
static bool write_both(const struct key *key, const char *name, const char *apps, bool *raced)
{
    FILE_NAME key_name = file_name("%s.key", name);
    FILE_NAME trust_name = file_name("%s.trust", name);
    FILE_NAME trust = trust_text(key, apps);
    if (key_name == NULL || trust_name == NULL || trust == NULL)
        return false;
    if (raced == NULL && access(trust_name, F_OK) == 0)
        return say_error("%s exists already and is not overwritten", trust_name);
    BIO *bio = private_text(key);
    if (bio == NULL)
        return false;
    char *text = NULL;
    long size = BIO_get_mem_data(bio, &text);
    bool good = file_write_new(key_name, 0600, text, (size_t)size, raced);
    BIO_free(bio);
    if (!good)
        return false;
    if (raced != NULL)
        return file_write(trust_name, 0644, trust, strlen(trust));
    if (file_write_new(trust_name, 0644, trust, strlen(trust), NULL))
        return true;
    (void)unlink(key_name);
    return false;
}

bool key_write(const struct key *key, const char *name, const char *apps)
{
    return write_both(key, name, apps, NULL);
}

/* ~/.config/postern/development, without an ending; NULL when said why not. */
static char *development_name(bool make_folder)
{
    const char *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    FILE_NAME folder = NULL;
    if (config != NULL && config[0] == '/') {
        folder = file_name("%s/postern", config);
    } else if (home != NULL && home[0] == '/') {
        folder = file_name("%s/.config/postern", home);
    } else {
        (void)say_error("neither XDG_CONFIG_HOME nor HOME names the folder of the development key");
        return NULL;
    }
    if (folder == NULL || (make_folder && !file_make_folders(folder, 0700)))
        return NULL;
    return file_name("%s/development", folder);
}

bool key_development_files(char **key, char **trust)
{
    FILE_NAME name = development_name(false);
    if (name == NULL)
        return false;
    *key = file_name("%s.key", name);
    if (*key == NULL)
        return false;
    if (trust == NULL)
        return true;
    *trust = file_name("%s.trust", name);
    if (*trust != NULL)
        return true;
    free(*key);
    return false;
}

bool key_load_development(struct key **out)
{
    FILE_NAME name = development_name(true);
    FILE_NAME key_name = name != NULL ? file_name("%s.key", name) : NULL;
    FILE_NAME trust_name = name != NULL ? file_name("%s.trust", name) : NULL;
    if (key_name == NULL || trust_name == NULL)
        return false;
    if (access(key_name, F_OK) != 0) {
        KEY key = NULL;
        bool raced = false;
        if (!key_generate(&key))
            return false;
        if (write_both(key, name, "app = *\n", &raced))
            say_note("made the development key %s (private TEEs of this user trust it)", key_name);
        else if (!raced)
            return false;
    }
    if (!key_load(key_name, out))
        return false;
    /* The public half may be missing: lost, or another process is just about to write it. */
    if (access(trust_name, F_OK) == 0)
        return true;
    FILE_NAME text = trust_text(*out, "app = *\n");
    if (text != NULL && file_write(trust_name, 0644, text, strlen(text)))
        return true;
    key_free(out);
    return false;
}
