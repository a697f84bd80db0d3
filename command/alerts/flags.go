package alerts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"

	"mlf/command/password"
	"mlf/query/notify"
	"mlf/schema"
)

// keyMin is the fewest bytes of the key that secrets of webhooks are made of.
const keyMin = 32

// KeyFlags say what secrets of webhooks are made of.
type KeyFlags struct {
	AlertKeyFile password.File `placeholder:"FILE" help:"File with at least 32 characters at random, of which the secret of each webhook is made, so that none is kept. The same for mlf query and mlf alert run; whoever changes it changes all of them. Default: no webhooks."`
}

// Key returns the key; empty for none.
func (f *KeyFlags) Key() (string, error) {
	if f.AlertKeyFile == "" {
		return "", nil
	}
	key, err := f.AlertKeyFile.Read()
	if err == nil && len(key) < keyMin {
		err = fmt.Errorf("--alert-key-file: %d characters: want at least %d, at random: openssl rand -hex 32", len(key), keyMin)
	}
	return key, err
}

// Keep sees to it that there is a key: one of its own in file, where no other was named.
func (f *KeyFlags) Keep(file string, write func(file string, text []byte) error) error {
	if f.AlertKeyFile != "" {
		return nil
	}
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		var b [keyMin]byte
		_, _ = rand.Read(b[:]) // Never fails (crypto/rand, Go 1.24).
		if err := write(file, []byte(hex.EncodeToString(b[:])+"\n")); err != nil {
			return err
		}
	}
	f.AlertKeyFile = password.File(file)
	return nil
}

// secret returns what signs the messages to a webhook of a body. Nobody keeps it: who has the
// key makes it again.
func secret(key string, body schema.BodyCode, webhook string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "mlf alert webhook\n%s\n%s", body, webhook)
	return mac.Sum(nil)
}

// SendFlags say how messages leave.
type SendFlags struct {
	KeyFlags
	AlertURL              string        `name:"alert-url" placeholder:"URL" help:"Where bodies find the pages, for links in messages: https://mlf.example.it. Default: messages have no links."`
	AlertMail             string        `placeholder:"URL" help:"Mail server: smtp://user@host:587 (STARTTLS), smtps://user@host:465, or smtp://host:25?tls=none within a network of one's own. Default: no e-mail."`
	AlertMailPasswordFile password.File `placeholder:"FILE" help:"File with the password of --alert-mail, read for each message."`
	AlertMailFrom         string        `placeholder:"ADDR" help:"Sender: Mettiamoci la faccia <mlf@example.it>. Required with --alert-mail."`
	AlertMailReplyTo      string        `placeholder:"ADDR" help:"Where answers go. Default: nowhere."`
	AlertAllowNetwork     []string      `placeholder:"CIDR,…" help:"Networks that webhooks may be in although they are not public: those of an intranet."`
	AlertProxy            string        `placeholder:"URL" help:"HTTP proxy that webhooks are called through; that of the environment is not used. It must refuse addresses that are not public."`
}

// CheckSending refuses flags that do not go together.
func (f *SendFlags) CheckSending() error {
	_, keyErr := f.Key()
	_, err := f.sender()
	if f.AlertURL != "" {
		if u, bad := url.Parse(f.AlertURL); bad != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			err = errors.Join(err, fmt.Errorf("--alert-url %s: want an address like https://mlf.example.it", f.AlertURL))
		}
	}
	return errors.Join(keyErr, err)
}

// config returns how a sender of f sends.
func (f *SendFlags) config() (notify.Config, error) {
	cfg := notify.Config{Product: "mlf"}
	for _, text := range f.AlertAllowNetwork {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return cfg, fmt.Errorf("--alert-allow-network %s: want a network like 10.1.0.0/16", text)
		}
		cfg.Networks = append(cfg.Networks, network)
	}
	if f.AlertProxy != "" {
		proxy, err := url.Parse(f.AlertProxy)
		if err != nil || proxy.Host == "" {
			return cfg, errors.New("--alert-proxy: want an address like http://proxy.example.it:3128")
		}
		cfg.Proxy = proxy
	}
	if f.AlertMail == "" {
		if f.AlertMailFrom != "" || f.AlertMailPasswordFile != "" || f.AlertMailReplyTo != "" {
			return cfg, errors.New("flags of mail, and no --alert-mail")
		}
		return cfg, nil
	}
	server, err := notify.ParseMailServer(f.AlertMail)
	if err != nil {
		return cfg, fmt.Errorf("--alert-mail: %w", err)
	}
	cfg.Mail = &notify.Mail{Server: server, PasswordFile: string(f.AlertMailPasswordFile), From: f.AlertMailFrom, ReplyTo: f.AlertMailReplyTo}
	return cfg, nil
}

// sender returns who carries messages by f.
func (f *SendFlags) sender() (*notify.Sender, error) {
	cfg, err := f.config()
	if err != nil {
		return nil, err
	}
	return notify.New(cfg)
}
